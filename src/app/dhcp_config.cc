#include "app/dhcp_config.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/dhcp_snippets.h"
#include "wire/suggest.h"

namespace pixie::app {
namespace {

constexpr std::uint16_t tftp_port = 69;
constexpr std::uint16_t http_default_port = 80;

std::vector<std::string_view> servers() {
  std::vector<std::string_view> names;
  std::ranges::transform(dhcp_snippets(), std::back_inserter(names), &DhcpSnippet::server);
  return names;
}

void replace_all(std::string& text, std::string_view placeholder, std::string_view value) {
  for (auto at = text.find(placeholder); at != std::string::npos;
       at = text.find(placeholder, at + value.size()))
    text.replace(at, placeholder.size(), value);
}

/// The endpoint that firmware asks for boot files.
Expected<wire::Endpoint> tftp_endpoint(const Settings& settings) {
  const auto& endpoints = settings.server.tftp_endpoints;
  const auto found = std::ranges::find(endpoints, tftp_port, &wire::Endpoint::port);
  if (found != endpoints.end()) return *found;
  return fail(fmt::format(
      "dhcp-config: firmware asks for TFTP on port {} only, and DHCP can't tell it another one; "
      "expected --tftp with port {}, not {}",
      tftp_port, tftp_port, endpoints.front().text()));
}

Expected<ChosenAddress> given_address(std::string_view text) {
  const auto address = wire::IpAddress::parse(text);
  if (address && address->is_v4() && !address->is_unspecified()) return ChosenAddress{*address, {}};
  return fail(fmt::format("--address: expected an IPv4 address of this machine, not '{}'", text));
}

std::string note_on(const wire::IpAddress& taken, const std::vector<OwnAddress>& own) {
  if (own.size() < 2) return {};
  std::vector<std::string> all;
  all.reserve(own.size());
  for (const auto& one : own)
    all.push_back(fmt::format("{} {}", one.interface, one.address.text()));
  return fmt::format(
      "this machine has several addresses ({}); {} was taken, --address takes another",
      fmt::join(all, ", "), taken.text());
}

}  // namespace

Expected<std::string> dhcp_snippet(std::string_view server, const wire::IpAddress& address,
                                   std::uint16_t http_port) {
  const auto snippets = dhcp_snippets();
  const auto found = std::ranges::find(snippets, server, &DhcpSnippet::server);
  if (found == snippets.end()) {
    return fail(fmt::format("dhcp-config: expected one of {}, not '{}'{}",
                            fmt::join(servers(), ", "), server,
                            wire::suggestion(server, servers())));
  }
  std::string text(found->text);
  const auto port = http_port == http_default_port ? "" : fmt::format(":{}", http_port);
  replace_all(text, "@ADDRESS@", address.text());
  replace_all(text, "@URL@", fmt::format("http://{}{}", address.url_host(), port));
  return text;
}

Expected<ChosenAddress> choose_address(const Settings& settings, std::string_view given,
                                       const std::optional<wire::IpAddress>& likely,
                                       const std::vector<OwnAddress>& own) {
  if (!given.empty()) return given_address(given);
  const auto endpoint = tftp_endpoint(settings);
  if (!endpoint) return std::unexpected(endpoint.error());
  for (const auto& told : {settings.layout.advertised_address, endpoint->address}) {
    if (told.is_unspecified()) continue;
    if (told.is_v4() && !told.is_loopback()) return ChosenAddress{told, {}};
    return fail(fmt::format(
        "dhcp-config: the settings name {}, which machines can't be told by DHCPv4; expected "
        "--address with an IPv4 address",
        told.text()));
  }
  if (!likely) {
    return fail(
        "dhcp-config: this machine has no IPv4 address; expected --address with the one "
        "that it will have");
  }
  return ChosenAddress{*likely, note_on(*likely, own)};
}

Expected<void> print_dhcp_config(const Settings& settings, std::string_view server,
                                 std::string_view address, std::ostream& out, std::ostream& notes) {
  if (const auto endpoint = tftp_endpoint(settings); !endpoint)
    return std::unexpected(endpoint.error());
  const auto http_port = settings.layout.http_port;
  if (http_port == 0)
    return fail("dhcp-config: expected --http with the port that machines will ask, not port 0");
  const auto own = own_addresses();
  const auto chosen = choose_address(settings, address, likely_address(own), own);
  if (!chosen) return std::unexpected(chosen.error());
  const auto text = dhcp_snippet(server, chosen->address, http_port);
  if (!text) return std::unexpected(text.error());
  if (!chosen->note.empty()) notes << "pixie: " << chosen->note << '\n';
  out << *text << std::flush;
  if (!out) return fail("dhcp-config: the snippet can't be written");
  return {};
}

}  // namespace pixie::app
