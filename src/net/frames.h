// What Ethernet frames carry, as packet sockets take and give it (without the Ethernet header): IPv4 (RFC 791),
// UDP over it (RFC 768), ARP (RFC 826).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "wire/address.h"
#include "wire/cursor.h"
#include "wire/mac.h"

namespace pixie::net {

namespace ethertype {
constexpr std::uint16_t ipv4 = 0x0800;
constexpr std::uint16_t arp = 0x0806;
}  // namespace ethertype

namespace ip_protocol {
constexpr std::uint8_t icmp = 1;
constexpr std::uint8_t tcp = 6;
constexpr std::uint8_t udp = 17;
}  // namespace ip_protocol

constexpr wire::Mac broadcast_mac{{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};

/// The Internet checksum (RFC 1071) of `bytes`, where `sum` is the sum of the 16-bit words before them.
std::uint16_t internet_checksum(wire::Bytes bytes, std::uint32_t sum = 0);

struct Ipv4 {
  wire::IpAddress from;
  wire::IpAddress to;
  std::uint8_t protocol = 0;
  wire::Bytes payload;
};

/// Nothing if the header or its checksum is wrong, bytes are missing, or it is a fragment. What Ethernet pads
/// with at the end is no part of the payload.
std::optional<Ipv4> parse_ipv4(wire::Bytes packet);

struct Udp4 {
  wire::Endpoint from;
  wire::Endpoint to;
  wire::Bytes payload;
};

/// IPv4 header without options, and UDP header, in bytes.
constexpr std::size_t udp4_headers_size = 28;

/// Nothing where parse_ipv4 has nothing, and if it is no UDP. UDP's checksum is not looked at: a packet of this
/// machine, or of a virtual machine on it, has none yet where the kernel hands it over.
std::optional<Udp4> parse_udp4(wire::Bytes packet);

/// Writes a packet with both checksums; returns the part of `buffer` that was written, empty if `buffer` or a
/// packet of 65535 bytes has no room. Both addresses must be IPv4.
wire::Bytes write_udp4(std::span<std::byte> buffer, const wire::Endpoint& from,
                       const wire::Endpoint& to, wire::Bytes payload);

/// ARP for IPv4 over Ethernet.
struct Arp {
  enum Operation : std::uint16_t { request = 1, reply = 2 };

  Operation operation = request;
  wire::Mac sender_mac;
  wire::IpAddress sender = wire::IpAddress::v4(0, 0, 0, 0);
  wire::Mac target_mac;
  wire::IpAddress target = wire::IpAddress::v4(0, 0, 0, 0);

  bool operator==(const Arp&) const = default;
  /// Asks whether anybody uses `address`, without a claim to an address of one's own that others would
  /// remember (RFC 5227 section 2.1.1).
  static Arp probe(const wire::Mac& sender_mac, const wire::IpAddress& address);
};

constexpr std::size_t arp_size = 28;

/// Nothing for other operations, hardware and protocols, and if bytes are missing.
std::optional<Arp> parse_arp(wire::Bytes packet);
/// Returns the part of `buffer` that was written: arp_size bytes. Both addresses must be IPv4.
wire::Bytes write_arp(std::span<std::byte, arp_size> buffer, const Arp& arp);

}  // namespace pixie::net
