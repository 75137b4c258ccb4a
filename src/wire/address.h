// IP addresses and endpoints of both families in one type, without a socket header: an IPv4 address
// is kept in its IPv4-mapped form (RFC 4291 section 2.5.5.2), which is also what a dual-stack
// socket hands out.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace pixie::wire {

struct IpAddress {
  std::array<std::uint8_t, 16> octets{};

  auto operator<=>(const IpAddress&) const = default;

  /// From the four octets of an IPv4 address, most significant first.
  static IpAddress v4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d);
  /// Takes `192.0.2.1`, `2001:db8::1` and `[2001:db8::1]`; no zone, no name.
  static std::optional<IpAddress> parse(std::string_view text);

  bool is_v4() const;
  bool is_unspecified() const;
  bool is_loopback() const;
  /// fe80::/10: reachable only with a zone.
  bool is_link_local_v6() const;

  /// `192.0.2.1` or `2001:db8::1`.
  std::string text() const;
  /// As the host of a URL: an IPv6 address stands in brackets.
  std::string url_host() const;
};

/// A range of addresses: those that share the first `prefix` bits, of the IPv4-mapped form where it is IPv4.
struct Network {
  IpAddress address;
  unsigned prefix = 128;

  /// Takes `192.0.2.7`, `192.0.2.0/24`, `2001:db8::/32`.
  static std::optional<Network> parse(std::string_view text);
  bool contains(const IpAddress& candidate) const;
};

struct Endpoint {
  IpAddress address;
  std::uint16_t port = 0;

  auto operator<=>(const Endpoint&) const = default;

  /// `192.0.2.1:69` or `[2001:db8::1]:69`.
  std::string text() const;
  /// Takes `ADDRESS:PORT`, `[V6]:PORT`, `:PORT` (any IPv4 address), or an address alone (then
  /// `default_port`).
  static std::optional<Endpoint> parse(std::string_view text, std::uint16_t default_port);
};

}  // namespace pixie::wire

template <>
struct std::hash<pixie::wire::Endpoint> {
  std::size_t operator()(const pixie::wire::Endpoint& endpoint) const noexcept;
};
