#include "app/dhcp_settings.h"

#include <charconv>

#include <fmt/format.h>

namespace pixie::app {
namespace {

std::optional<unsigned> number(std::string_view text, unsigned most) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.begin(), text.end(), value);
  if (error != std::errc{} || end != text.end() || value > most) return std::nullopt;
  return value;
}

std::optional<std::chrono::seconds> duration(std::string_view text) {
  unsigned unit = 1;
  if (!text.empty()) {
    constexpr std::string_view letters = "smhd";
    constexpr unsigned units[]{1, 60, 3600, 86'400};
    if (const auto found = letters.find(text.back()); found != std::string_view::npos) {
      unit = units[found];
      text.remove_suffix(1);
    }
  }
  const auto count = number(text, 365U * 86'400 / unit);
  if (!count || *count * unit < 60) return std::nullopt;
  return std::chrono::seconds(*count * unit);
}

/// The part before the first `separator`; what follows stays in `text`, or nothing.
std::string_view cut(std::string_view& text, char separator) {
  const auto at = text.find(separator);
  const auto part = text.substr(0, at);
  text = at == std::string_view::npos ? std::string_view() : text.substr(at + 1);
  return part;
}

std::optional<wire::IpAddress> v4(std::string_view text) {
  const auto address = wire::IpAddress::parse(text);
  return address && address->is_v4() && !address->is_unspecified() ? address : std::nullopt;
}

std::optional<net::DhcpRange> range(std::string_view text) {
  net::DhcpRange result;
  auto first = cut(text, '-');
  const auto from = v4(cut(first, '/'));
  const auto to = v4(cut(text, '/'));
  if (!from || !to || *to < *from) return std::nullopt;
  result.first = *from;
  result.last = *to;
  if (!first.empty()) result.prefix = number(first, 30);
  if (!text.empty()) result.lease = duration(text);
  const bool sound = (first.empty() || result.prefix) && (text.empty() || result.lease);
  return sound ? std::optional(result) : std::nullopt;
}

std::optional<dhcp::Reservation> reservation(std::string_view text) {
  const auto mac = wire::Mac::parse(cut(text, '='));
  const auto address = v4(cut(text, '='));
  if (!mac || !address) return std::nullopt;
  return dhcp::Reservation{.mac = *mac, .address = *address, .host_name = std::string(text)};
}

/// The items between commas, none in an empty text; `expected` is said of one that `parse` refuses.
template <class Item, class Parse>
Expected<std::vector<Item>> list(std::string_view text, Parse parse, std::string_view expected) {
  std::vector<Item> items;
  while (!text.empty()) {
    auto item = parse(cut(text, ','));
    if (!item) return fail(std::string(expected));
    items.push_back(std::move(*item));
  }
  return items;
}

}  // namespace

Expected<std::vector<net::DhcpRange>> parse_ranges(std::string_view text) {
  return list<net::DhcpRange>(
      text, range, "expected FIRST-LAST or FIRST-LAST/LEASE, such as 10.0.0.100-10.0.0.200/12h");
}

Expected<std::vector<dhcp::Reservation>> parse_reservations(std::string_view text) {
  return list<dhcp::Reservation>(
      text, reservation,
      "expected MAC=ADDRESS or MAC=ADDRESS=NAME, such as 52:54:00:12:34:56=10.0.0.7=node7");
}

Expected<std::vector<wire::IpAddress>> parse_addresses(std::string_view text) {
  return list<wire::IpAddress>(text, v4, "expected IPv4 addresses, such as 10.0.0.1");
}

std::vector<std::string> parse_names(std::string_view text) {
  std::vector<std::string> names;
  while (!text.empty()) names.emplace_back(cut(text, ','));
  return names;
}

}  // namespace pixie::app
