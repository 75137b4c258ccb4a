#include "net/frames.h"

#include <algorithm>
#include <limits>

#include "dhcp/ipv4.h"

namespace pixie::net {
namespace {

constexpr std::size_t ipv4_header_size = 20;
constexpr std::size_t udp_header_size = 8;
/// Where the checksums stand in their headers.
constexpr std::size_t ipv4_checksum_offset = 10;
constexpr std::size_t udp_checksum_offset = 6;
constexpr std::uint16_t more_fragments = 0x2000;
constexpr std::uint16_t dont_fragment = 0x4000;
constexpr std::uint16_t fragment_offset = 0x1fff;
constexpr std::uint8_t hops = 64;

constexpr std::uint16_t arp_ethernet = 1;
constexpr std::uint8_t mac_size = 6;
constexpr std::uint8_t address_size = 4;

std::uint32_t sum_words(wire::Bytes bytes, std::uint32_t sum) {
  wire::Reader in(bytes);
  while (in.remaining() >= 2) sum += in.u16();
  if (!in.at_end()) sum += static_cast<std::uint32_t>(in.u8()) << 8;
  return sum;
}

/// What UDP's checksum covers beside its bytes (RFC 768).
std::uint32_t pseudo_header_sum(const wire::IpAddress& from, const wire::IpAddress& to,
                                std::size_t size) {
  const auto source = dhcp::ipv4_number(from);
  const auto target = dhcp::ipv4_number(to);
  return (source >> 16) + (source & 0xffff) + (target >> 16) + (target & 0xffff) +
         ip_protocol::udp + static_cast<std::uint32_t>(size);
}

void put_u16(std::span<std::byte> at, std::uint16_t value) { wire::Writer(at).u16(value); }

void write_ipv4_header(std::span<std::byte> packet, const wire::IpAddress& from,
                       const wire::IpAddress& to) {
  wire::Writer out(packet);
  out.u8(0x45);
  out.u8(0);
  out.u16(static_cast<std::uint16_t>(packet.size()));
  out.u16(0);
  out.u16(dont_fragment);
  out.u8(hops);
  out.u8(ip_protocol::udp);
  out.u16(0);
  out.u32(dhcp::ipv4_number(from));
  out.u32(dhcp::ipv4_number(to));
  put_u16(packet.subspan(ipv4_checksum_offset), internet_checksum(packet.first(ipv4_header_size)));
}

wire::Mac read_mac(wire::Reader& in) {
  wire::Mac mac;
  for (auto& octet : mac.octets) octet = in.u8();
  return mac;
}

}  // namespace

std::uint16_t internet_checksum(wire::Bytes bytes, std::uint32_t sum) {
  sum = sum_words(bytes, sum);
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

std::optional<Ipv4> parse_ipv4(wire::Bytes packet) {
  wire::Reader in(packet);
  const auto version_and_size = in.u8();
  const std::size_t header_size = 4U * (version_and_size & 0xf);
  in.u8();
  const auto total_size = in.u16();
  in.u16();
  const auto fragment = in.u16();
  in.u8();
  Ipv4 result;
  result.protocol = in.u8();
  in.u16();
  result.from = dhcp::ipv4_address(in.u32());
  result.to = dhcp::ipv4_address(in.u32());
  if (!in.ok() || version_and_size >> 4 != 4 || header_size < ipv4_header_size) return std::nullopt;
  if (total_size < header_size || total_size > packet.size()) return std::nullopt;
  if (fragment & (more_fragments | fragment_offset)) return std::nullopt;
  // The sum over a header with a right checksum has only ones, its complement none.
  if (internet_checksum(packet.first(header_size)) != 0) return std::nullopt;
  result.payload = packet.subspan(header_size, total_size - header_size);
  return result;
}

std::optional<Udp4> parse_udp4(wire::Bytes packet) {
  const auto ip = parse_ipv4(packet);
  if (!ip || ip->protocol != ip_protocol::udp) return std::nullopt;
  wire::Reader in(ip->payload);
  const auto source_port = in.u16();
  const auto target_port = in.u16();
  const auto size = in.u16();
  in.u16();
  if (!in.ok() || size < udp_header_size) return std::nullopt;
  const auto payload = in.bytes(size - udp_header_size);
  if (!in.ok()) return std::nullopt;
  return Udp4{{ip->from, source_port}, {ip->to, target_port}, payload};
}

wire::Bytes write_udp4(std::span<std::byte> buffer, const wire::Endpoint& from,
                       const wire::Endpoint& to, wire::Bytes payload) {
  const auto size = udp4_headers_size + payload.size();
  if (size > buffer.size() || size > std::numeric_limits<std::uint16_t>::max()) return {};
  const auto packet = buffer.first(size);
  write_ipv4_header(packet, from.address, to.address);
  const auto datagram = packet.subspan(ipv4_header_size);
  wire::Writer out(datagram);
  out.u16(from.port);
  out.u16(to.port);
  out.u16(static_cast<std::uint16_t>(datagram.size()));
  out.u16(0);
  out.bytes(payload);
  const auto checksum =
      internet_checksum(datagram, pseudo_header_sum(from.address, to.address, datagram.size()));
  // 0 would mean "no checksum" (RFC 768).
  put_u16(datagram.subspan(udp_checksum_offset), checksum == 0 ? 0xffff : checksum);
  return packet;
}

Arp Arp::probe(const wire::Mac& sender_mac, const wire::IpAddress& address) {
  Arp arp;
  arp.sender_mac = sender_mac;
  arp.target = address;
  return arp;
}

std::optional<Arp> parse_arp(wire::Bytes packet) {
  wire::Reader in(packet);
  const bool ethernet = in.u16() == arp_ethernet;
  const bool ipv4 = in.u16() == ethertype::ipv4;
  const bool sizes = in.u8() == mac_size && in.u8() == address_size;
  if (!ethernet || !ipv4 || !sizes) return std::nullopt;
  const auto operation = in.u16();
  if (operation != Arp::request && operation != Arp::reply) return std::nullopt;
  Arp arp;
  arp.operation = static_cast<Arp::Operation>(operation);
  arp.sender_mac = read_mac(in);
  arp.sender = dhcp::ipv4_address(in.u32());
  arp.target_mac = read_mac(in);
  arp.target = dhcp::ipv4_address(in.u32());
  if (!in.ok()) return std::nullopt;
  return arp;
}

wire::Bytes write_arp(std::span<std::byte, arp_size> buffer, const Arp& arp) {
  wire::Writer out(buffer);
  out.u16(arp_ethernet);
  out.u16(ethertype::ipv4);
  out.u8(mac_size);
  out.u8(address_size);
  out.u16(arp.operation);
  out.bytes(std::as_bytes(std::span(arp.sender_mac.octets)));
  out.u32(dhcp::ipv4_number(arp.sender));
  out.bytes(std::as_bytes(std::span(arp.target_mac.octets)));
  out.u32(dhcp::ipv4_number(arp.target));
  return out.written();
}

}  // namespace pixie::net
