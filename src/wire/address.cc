#include "wire/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <span>

#include <fmt/format.h>

namespace pixie::wire {
namespace {

constexpr std::array<std::uint8_t, 12> mapped_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.begin(), text.end(), port);
  if (error != std::errc{} || end != text.end()) return std::nullopt;
  return port;
}

}  // namespace

IpAddress IpAddress::v4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) {
  return {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d}};
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  if (text.starts_with('[') && text.ends_with(']')) {
    text = text.substr(1, text.size() - 2);
    if (!text.contains(':')) return std::nullopt;
  }
  const std::string terminated(text);
  IpAddress address;
  if (inet_pton(AF_INET6, terminated.c_str(), address.octets.data()) == 1) return address;
  std::uint8_t four[4];
  if (inet_pton(AF_INET, terminated.c_str(), four) != 1) return std::nullopt;
  return v4(four[0], four[1], four[2], four[3]);
}

bool IpAddress::is_v4() const {
  return std::ranges::equal(mapped_prefix, std::span(octets).first(12));
}

bool IpAddress::is_unspecified() const { return *this == IpAddress{} || *this == v4(0, 0, 0, 0); }

bool IpAddress::is_loopback() const {
  if (is_v4()) return octets[12] == 127;
  IpAddress loopback;
  loopback.octets[15] = 1;
  return *this == loopback;
}

bool IpAddress::is_link_local_v6() const { return octets[0] == 0xfe && (octets[1] & 0xc0) == 0x80; }

std::string IpAddress::text() const {
  char buffer[INET6_ADDRSTRLEN];
  if (is_v4()) return inet_ntop(AF_INET, octets.data() + 12, buffer, sizeof buffer);
  return inet_ntop(AF_INET6, octets.data(), buffer, sizeof buffer);
}

std::string IpAddress::url_host() const { return is_v4() ? text() : fmt::format("[{}]", text()); }

std::optional<Network> Network::parse(std::string_view text) {
  const auto slash = text.find('/');
  const auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) return std::nullopt;
  if (slash == std::string_view::npos) return Network{*address};
  const auto digits = text.substr(slash + 1);
  unsigned bits = 0;
  const auto [end, error] = std::from_chars(digits.begin(), digits.end(), bits);
  const unsigned mapped = address->is_v4() ? 96 : 0;
  if (error != std::errc{} || end != digits.end() || bits > 128 - mapped) return std::nullopt;
  return Network{*address, bits + mapped};
}

bool Network::contains(const IpAddress& candidate) const {
  const auto whole = prefix / 8;
  if (!std::equal(address.octets.begin(), address.octets.begin() + whole, candidate.octets.begin()))
    return false;
  const auto rest = prefix % 8;
  return rest == 0 || (address.octets[whole] ^ candidate.octets[whole]) >> (8 - rest) == 0;
}

std::string Endpoint::text() const { return fmt::format("{}:{}", address.url_host(), port); }

std::optional<Endpoint> Endpoint::parse(std::string_view text, std::uint16_t default_port) {
  if (const auto alone = IpAddress::parse(text)) return Endpoint{*alone, default_port};
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto host = text.substr(0, colon);
  if (host.contains(':') && !host.starts_with('[')) return std::nullopt;
  const auto address = host.empty() ? IpAddress::v4(0, 0, 0, 0) : IpAddress::parse(host);
  const auto port = parse_port(text.substr(colon + 1));
  if (!address || !port) return std::nullopt;
  return Endpoint{*address, *port};
}

}  // namespace pixie::wire

std::size_t std::hash<pixie::wire::Endpoint>::operator()(
    const pixie::wire::Endpoint& endpoint) const noexcept {
  std::uint64_t halves[2];
  std::memcpy(halves, endpoint.address.octets.data(), sizeof halves);
  // Fibonacci hashing: clients of one subnet differ in few low bits only.
  return (halves[0] ^ halves[1] ^ endpoint.port) * 0x9e3779b97f4a7c15U >> 7;
}
