#include "mirror/allow_list.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

namespace pixie::mirror {
namespace {

constexpr std::string_view any_label = "*.";

/// Those of RFC 6890 and its successors that lead to this host, to a private network or to groups of hosts, or that
/// carry an IPv4 address which could.
constexpr std::array special_networks{
    "0.0.0.0/8",     "10.0.0.0/8",   "100.64.0.0/10",  "127.0.0.0/8",   "169.254.0.0/16",
    "172.16.0.0/12", "192.0.0.0/24", "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/4",
    "240.0.0.0/4",   "::/96",        "64:ff9b:1::/48", "2001::/32",     "2002::/16",
    "fc00::/7",      "fe80::/9",     "ff00::/8"};

/// The IPv4 address in one of NAT64's well-known prefix (RFC 6052 section 2.1).
std::optional<wire::IpAddress> behind_nat64(const wire::IpAddress& address) {
  static const auto prefix = wire::Network::parse("64:ff9b::/96").value();
  if (!prefix.contains(address)) return std::nullopt;
  const auto& octets = address.octets;
  return wire::IpAddress::v4(octets[12], octets[13], octets[14], octets[15]);
}

/// The port that was written: one that does not change with the scheme.
std::optional<std::uint16_t> written_port(const http::Url& plain, const http::Url& secure) {
  return plain.port == secure.port ? std::optional(plain.port) : std::nullopt;
}

}  // namespace

Expected<AllowList> AllowList::parse(std::string_view text) {
  AllowList list;
  while (!text.empty()) {
    auto item = text.substr(0, text.find(','));
    text.remove_prefix(std::min(item.size() + 1, text.size()));
    const bool pattern = item.starts_with(any_label);
    if (pattern) item.remove_prefix(any_label.size());
    const auto plain = http::Url::parse(fmt::format("http://{}", item));
    const auto secure = http::Url::parse(fmt::format("https://{}", item));
    const bool is_host = plain && secure && plain->target == "/" && !item.contains('/');
    if (!is_host || (pattern && wire::IpAddress::parse(plain->host)))
      return fail("expected hosts such as mirror.example.org, *.example.org or 192.0.2.7:8080");
    list.items_.push_back({plain->host, pattern, written_port(*plain, *secure)});
  }
  return list;
}

bool AllowList::matches(const Item& item, const http::Url& url) {
  const std::uint16_t scheme_port = url.secure ? 443 : 80;
  if (url.port != item.port.value_or(scheme_port)) return false;
  const std::string_view host = url.host;
  if (!item.pattern) return host == item.host;
  return host.size() > item.host.size() + 1 && host.ends_with(item.host) &&
         host[host.size() - item.host.size() - 1] == '.';
}

bool AllowList::allows(const http::Url& url) const {
  return std::ranges::any_of(items_, [&](const Item& item) { return matches(item, url); });
}

bool AllowList::names(const http::Url& url) const {
  return std::ranges::any_of(items_,
                             [&](const Item& item) { return !item.pattern && matches(item, url); });
}

bool AllowList::allows(const http::Url& url, const wire::IpAddress& address) const {
  return names(url) || is_public(address);
}

bool is_public(const wire::IpAddress& address) {
  static const auto networks = [] {
    std::array<wire::Network, special_networks.size()> parsed;
    std::ranges::transform(special_networks, parsed.begin(),
                           [](const char* text) { return wire::Network::parse(text).value(); });
    return parsed;
  }();
  if (const auto inner = behind_nat64(address)) return is_public(*inner);
  return std::ranges::none_of(
      networks, [&](const wire::Network& network) { return network.contains(address); });
}

}  // namespace pixie::mirror
