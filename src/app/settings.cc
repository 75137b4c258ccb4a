#include "app/settings.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <limits>
#include <thread>

#include <fmt/format.h>

#include "app/dhcp_settings.h"

namespace pixie::app {
namespace {

const std::string& text_of(const Values& values, std::string_view name) {
  return values.find(name)->second.text;
}

template <class Number>
Number number_of(const Values& values, std::string_view name) {
  const auto& text = text_of(values, name);
  Number number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

/// The folder must be there now; what is in it may come and go.
Expected<std::string> folder_of(const Values& values, std::string_view name) {
  const auto& value = values.find(name)->second;
  struct stat status;
  if (value.text.empty()) return value.text;
  if (stat(value.text.c_str(), &status) != 0) {
    return fail(fmt::format("{}: the folder {} can't be used: {}. Make it, or name another one",
                            value.origin, value.text, std::strerror(errno)));
  }
  if (!S_ISDIR(status.st_mode))
    return fail(fmt::format("{}: {} is no folder", value.origin, value.text));
  return value.text;
}

/// Unless one is named, or that there is none, it is in the scripts folder.
Expected<std::string> images_of(const Values& values) {
  if (values.find("images")->second.origin != "default") return folder_of(values, "images");
  const auto& scripts = text_of(values, "scripts");
  struct stat status;
  auto folder = scripts.empty() ? std::string() : scripts + "/images";
  if (stat(folder.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) return "";
  return folder;
}

Expected<std::shared_ptr<const roms::Catalogue>> catalogue_of(const std::string& folder) {
  if (folder.empty()) return std::make_shared<const roms::Catalogue>();
  auto overlaid = roms::Catalogue::with_overlay(folder);
  if (!overlaid) return std::unexpected(overlaid.error());
  return std::make_shared<const roms::Catalogue>(std::move(*overlaid));
}

Expected<tree::Layout> layout_of(const Values& values, const net::ServerSettings& server) {
  tree::Layout layout;
  for (const auto& [name, folder] :
       {std::pair{"scripts", &layout.scripts}, {"extra", &layout.extra}, {"roms", &layout.roms}}) {
    auto found = folder_of(values, name);
    if (!found) return std::unexpected(found.error());
    *folder = std::move(*found);
  }
  auto catalogue = catalogue_of(layout.roms);
  if (!catalogue) return std::unexpected(catalogue.error());
  layout.catalogue = std::move(*catalogue);
  layout.menu_timeout_ms = number_of<std::uint32_t>(values, "menu-timeout") * 1000;
  // If HTTP is on one address only, machines are sent there, wherever they came in by TFTP.
  const auto& http = server.http_endpoints.front();
  const auto only = server.http_endpoints.size() == 1 ? http.address : wire::IpAddress();
  layout.advertised_address = wire::IpAddress::parse(text_of(values, "advertise")).value_or(only);
  layout.http_port = http.port;
  layout.tftp_port = server.tftp_endpoints.front().port;
  return layout;
}

/// The items between commas; nothing if `parse` takes one of them for malformed.
template <class Parse>
auto parse_list(std::string_view text, Parse parse)
    -> std::optional<std::vector<typename decltype(parse(text))::value_type>> {
  std::vector<typename decltype(parse(text))::value_type> items;
  for (bool more = true; more;) {
    const auto comma = text.find(',');
    more = comma != std::string_view::npos;
    const auto item = parse(text.substr(0, comma));
    if (!item) return std::nullopt;
    items.push_back(*item);
    if (more) text = text.substr(comma + 1);
  }
  return items;
}

/// HTTP and HTTPS can't have a port in common.
Expected<void> apart(const net::ServerSettings& server) {
  for (const auto& one : server.http_endpoints) {
    for (const auto& other : server.https_endpoints) {
      const bool meet = one.address == other.address ||
                        (one.address.is_v4() == other.address.is_v4() &&
                         (one.address.is_unspecified() || other.address.is_unspecified()));
      if (meet && one.port == other.port && one.port != 0)
        return fail(fmt::format("--https: {} meets --http {}; name another port for one of them",
                                other.text(), one.text()));
    }
  }
  return {};
}

Expected<net::TlsFiles> tls_of(const Values& values, const net::ServerSettings& server) {
  net::TlsFiles tls{.certificate = text_of(values, "tls-certificate"),
                    .key = text_of(values, "tls-key"),
                    .clients = text_of(values, "tls-clients")};
  if (!server.https_endpoints.empty() && tls.certificate.empty())
    return fail(
        "--https: name the certificate and its key with --tls-certificate FILE --tls-key "
        "FILE (pixie tls init DIR makes them for trying out)");
  if (server.https_endpoints.empty() && !(tls.certificate + tls.key + tls.clients).empty())
    return fail("--tls-certificate, --tls-key and --tls-clients do nothing without --https ADDR");
  if (tls.key.empty()) tls.key = tls.certificate;
  return tls;
}

net::DhcpSettings dhcp_of(const Values& values) {
  using Mode = net::DhcpSettings::Mode;
  net::DhcpSettings dhcp;
  const auto first = text_of(values, "dhcp").front() | 0x20;
  dhcp.mode = first == 'p' ? Mode::proxy : first == 's' ? Mode::server : Mode::off;
  dhcp.interfaces = parse_names(text_of(values, "interface"));
  dhcp.ranges = *parse_ranges(text_of(values, "dhcp-range"));
  if (const auto& range6 = text_of(values, "dhcp-range6"); !range6.empty())
    dhcp.range6 = *dhcp::Range6::parse(range6);
  dhcp.router = wire::IpAddress::parse(text_of(values, "dhcp-router")).value_or(wire::IpAddress());
  dhcp.dns = *parse_addresses(text_of(values, "dhcp-dns"));
  dhcp.domain = text_of(values, "dhcp-domain");
  dhcp.reservations = *parse_reservations(text_of(values, "dhcp-reservations"));
  dhcp.force = text_of(values, "dhcp-force") == "true";
  dhcp.state = text_of(values, "state");
  return dhcp;
}

events::Severity severity_of(std::string_view level) {
  switch (level.front() & ~0x20) {
    case 'E':
      return events::Severity::error;
    case 'W':
      return events::Severity::warning;
    case 'D':
      return events::Severity::debug;
    default:
      return events::Severity::info;
  }
}

}  // namespace

std::optional<std::vector<wire::Endpoint>> parse_endpoints(std::string_view text,
                                                           std::uint16_t default_port) {
  return parse_list(
      text, [&](std::string_view item) { return wire::Endpoint::parse(item, default_port); });
}

std::optional<std::vector<wire::Network>> parse_networks(std::string_view text) {
  if (text.empty()) return std::vector<wire::Network>();
  return parse_list(text, wire::Network::parse);
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  constexpr std::string_view units = "KMGT";
  unsigned shift = 0;
  if (const auto unit = text.empty() ? units.npos : units.find(text.back() & ~0x20);
      unit != units.npos) {
    shift = 10 * static_cast<unsigned>(unit + 1);
    text.remove_suffix(1);
  }
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.begin(), text.end(), number);
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  if (error != std::errc{} || end != text.end() ||
      number > static_cast<std::uint64_t>(most) >> shift)
    return std::nullopt;
  return number << shift;
}

Values values_from_environment(const char* (*look_up)(const char*)) {
  Values values;
  for (const auto& setting : settings_table()) {
    const auto prefixed = environment_name(setting);
    const bool may_be_none = setting.type == Type::text || setting.type == Type::url;
    for (const auto& name : {prefixed, std::string(setting.environment)}) {
      const char* text = name.empty() ? nullptr : look_up(name.c_str());
      // An empty variable means nothing, but for a name or URL: that there is to be none.
      if (!text || (*text == '\0' && !may_be_none)) continue;
      values[std::string(setting.name)] = {text, name};
      break;
    }
  }
  return values;
}

Expected<Values> merge(const Values& file, const Values& environment, const Values& command_line) {
  Values merged;
  for (const auto& setting : settings_table()) {
    Value value{std::string(setting.fallback), "default"};
    for (const auto* source : {&file, &environment, &command_line}) {
      if (const auto found = source->find(setting.name); found != source->end())
        value = found->second;
    }
    if (const auto checked = check_value(setting, value.text); !checked) {
      // A URL is told by the error itself, unless it holds a password.
      const auto given = setting.type == Type::url ? "" : fmt::format(", not '{}'", value.text);
      return fail(fmt::format("{}: {}{}", value.origin, checked.error().text, given));
    }
    merged[std::string(setting.name)] = std::move(value);
  }
  return merged;
}

Expected<Settings> interpret(const Values& values) {
  Settings settings;
  settings.server.tftp_endpoints = *parse_endpoints(text_of(values, "tftp"), 69);
  settings.server.http_endpoints = *parse_endpoints(text_of(values, "http"), 80);
  if (const auto& https = text_of(values, "https"); !https.empty())
    settings.server.https_endpoints = *parse_endpoints(https, 443);
  if (const auto checked = apart(settings.server); !checked)
    return std::unexpected(checked.error());
  auto tls = tls_of(values, settings.server);
  if (!tls) return std::unexpected(tls.error());
  settings.tls = std::move(*tls);
  const auto threads = number_of<std::size_t>(values, "threads");
  settings.server.loops = threads > 0 ? threads : std::max(1U, std::thread::hardware_concurrency());
  settings.server.tftp.single_port = text_of(values, "tftp-single-port") == "true";
  settings.server.tftp.limits.max_blksize = number_of<std::uint16_t>(values, "tftp-max-blksize");
  settings.server.tftp.limits.max_windowsize =
      number_of<std::uint16_t>(values, "tftp-max-windowsize");
  settings.server.tftp.limits.max_amplification =
      number_of<std::uint8_t>(values, "tftp-amplification");
  settings.server.tftp.unconfirmed_limit = number_of<std::size_t>(values, "tftp-unconfirmed");
  settings.server.tftp.without_options = *parse_networks(text_of(values, "tftp-no-options"));
  auto layout = layout_of(values, settings.server);
  if (!layout) return std::unexpected(layout.error());
  settings.layout = std::move(*layout);
  auto images = images_of(values);
  if (!images) return std::unexpected(images.error());
  settings.images = std::move(*images);
  settings.dhcp = dhcp_of(values);
  settings.state = text_of(values, "state");
  settings.state_given = values.find("state")->second.origin != "default";
  settings.api_tokens = text_of(values, "api-tokens");
  settings.upstream = text_of(values, "api");
  settings.web_hook = text_of(values, "webhook");
  settings.mirror = *mirror::AllowList::parse(text_of(values, "mirror"));
  const auto& mirror_folder = text_of(values, "mirror-dir");
  settings.mirror_folder = mirror_folder.empty() ? settings.state + "/mirror" : mirror_folder;
  settings.mirror_bytes = *parse_size(text_of(values, "mirror-size"));
  settings.server.transfers = number_of<std::size_t>(values, "max-transfers");
  settings.user = text_of(values, "user");
  settings.user_given = values.find("user")->second.origin != "default";
  settings.level = severity_of(text_of(values, "verbosity"));
  settings.log_format = (text_of(values, "log-format").front() | 0x20) == 'j'
                            ? events::Format::json
                            : events::Format::logfmt;
  return settings;
}

}  // namespace pixie::app
