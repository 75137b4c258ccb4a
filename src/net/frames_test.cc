// IPv4, UDP and ARP as they stand on the wire, and what is not taken for them.
#include "net/frames.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "dhcp/ipv4.h"

namespace pixie::net {
namespace {

using std::literals::operator""sv;

/// 192.0.2.1:67 to 192.0.2.9:68, "hello"; checksums by another implementation.
constexpr auto hello =
    "\x45\0\0\x21\0\0\x40\0\x40\x11\xb6\xc1\xc0\0\2\1\xc0\0\2\x09"
    "\0\x43\0\x44\0\x0d\x37\x70hello"sv;

const wire::Endpoint server{wire::IpAddress::v4(192, 0, 2, 1), 67};
const wire::Endpoint client{wire::IpAddress::v4(192, 0, 2, 9), 68};

std::string changed(std::size_t at, std::string_view bytes, bool right_checksum = true) {
  std::string packet(hello);
  packet.replace(at, bytes.size(), bytes);
  if (right_checksum) {
    packet.replace(10, 2, "\0\0"sv);
    const auto sum = internet_checksum(wire::as_bytes(packet).first(20));
    packet[10] = static_cast<char>(sum >> 8);
    packet[11] = static_cast<char>(sum & 0xff);
  }
  return packet;
}

TEST(Frames, UdpIsWrittenWithBothChecksums) {
  std::byte buffer[64];
  EXPECT_EQ(wire::as_text(write_udp4(buffer, server, client, wire::as_bytes("hello"))), hello);
}

TEST(Frames, UdpThatDoesntFitIsNotWritten) {
  std::byte buffer[udp4_headers_size + 4];
  EXPECT_TRUE(write_udp4(buffer, server, client, wire::as_bytes("hello")).empty());
  std::vector<std::byte> large(70'000);
  const std::vector<std::byte> payload(65'536 - udp4_headers_size);
  EXPECT_TRUE(write_udp4(large, server, client, payload).empty());
}

TEST(Frames, UdpIsReadWithoutPadding) {
  for (const auto& packet : {std::string(hello), std::string(hello) + std::string(13, '\0')}) {
    const auto udp = parse_udp4(wire::as_bytes(packet));
    ASSERT_TRUE(udp);
    EXPECT_EQ(udp->from, server);
    EXPECT_EQ(udp->to, client);
    EXPECT_EQ(wire::as_text(udp->payload), "hello");
  }
}

TEST(Frames, UdpMayHaveIpOptions) {
  auto packet = changed(0, "\x46\0\0\x25"sv, false);
  packet.insert(20, "\1\1\1\0"sv);
  packet.replace(10, 2, "\0\0"sv);
  const auto sum = internet_checksum(wire::as_bytes(packet).first(24));
  packet[10] = static_cast<char>(sum >> 8);
  packet[11] = static_cast<char>(sum & 0xff);
  const auto udp = parse_udp4(wire::as_bytes(packet));
  ASSERT_TRUE(udp);
  EXPECT_EQ(wire::as_text(udp->payload), "hello");
}

TEST(Frames, OtherPacketsAreNoUdp) {
  const struct {
    const char* name;
    std::string packet;
  } cases[] = {
      {"version 6", changed(0, "\x65"sv)},
      {"header of 16 bytes", changed(0, "\x44"sv)},
      {"header longer than the packet", changed(0, "\x4f"sv)},
      {"total length beyond the end", changed(2, "\0\x22"sv)},
      {"total length within the header", changed(2, "\0\x13"sv)},
      {"first fragment", changed(6, "\x20\0"sv)},
      {"later fragment", changed(6, "\0\1"sv)},
      {"TCP", changed(9, "\6"sv)},
      {"wrong header checksum", changed(8, "\x3f"sv, false)},
      {"UDP length beyond the end", changed(24, "\0\x0e"sv)},
      {"UDP length within its header", changed(24, "\0\7"sv)},
  };
  for (const auto& [name, packet] : cases) {
    EXPECT_FALSE(parse_udp4(wire::as_bytes(packet))) << name;
  }
  for (std::size_t size = 0; size < hello.size(); ++size) {
    EXPECT_FALSE(parse_udp4(wire::as_bytes(hello.substr(0, size)))) << size;
  }
}

/// The checksum over the pseudo header and the datagram, as a receiver verifies it (RFC 768).
bool udp_checksum_is_right(wire::Bytes packet) {
  std::vector<std::byte> covered(packet.begin() + 12, packet.end());
  const auto size = packet.size() - 20;
  for (const auto value : {std::size_t{0}, std::size_t{17}, size >> 8, size & 0xff}) {
    covered.push_back(static_cast<std::byte>(value));
  }
  // The length and protocol must stand at even places; so the odd byte's partner comes first.
  if (size % 2 != 0) covered.insert(covered.end() - 4, std::byte{0});
  return internet_checksum(covered) == 0;
}

RC_GTEST_PROP(Frames, UdpReadsBackAndItsChecksumHolds,
              (std::uint32_t from, std::uint32_t to, std::uint16_t from_port,
               std::uint16_t to_port)) {
  const auto text = *rc::gen::string<std::string>();
  std::vector<std::byte> buffer(udp4_headers_size + text.size());
  const wire::Endpoint source{dhcp::ipv4_address(from), from_port};
  const wire::Endpoint target{dhcp::ipv4_address(to), to_port};
  const auto packet = write_udp4(buffer, source, target, wire::as_bytes(text));
  RC_ASSERT(udp_checksum_is_right(packet));
  const auto udp = parse_udp4(packet);
  RC_ASSERT(udp.has_value());
  RC_ASSERT(udp->from == source && udp->to == target && wire::as_text(udp->payload) == text);
}

TEST(Frames, ChecksumZeroIsWrittenAsOnes) {
  // The payload completes the sum to ones, so that the checksum would be 0: "none".
  std::byte buffer[64];
  const auto probe = write_udp4(buffer, server, client, wire::as_bytes("\0\0"sv));
  const std::string checksum(wire::as_text(probe.subspan(26, 2)));
  const auto packet = write_udp4(buffer, server, client, wire::as_bytes(checksum));
  EXPECT_EQ(wire::as_text(packet.subspan(26, 2)), "\xff\xff");
}

constexpr auto arp_reply =
    "\0\1\x08\0\6\4\0\2\x52\x54\0\0\0\2\xc0\0\2\2\x52\x54\0\0\0\1\xc0\0\2\1"sv;

TEST(Frames, ArpReadsAndWrites) {
  const auto arp = parse_arp(wire::as_bytes(std::string(arp_reply) + std::string(18, '\0')));
  ASSERT_TRUE(arp);
  EXPECT_EQ(arp->operation, Arp::reply);
  EXPECT_EQ(arp->sender_mac.colons(), "52:54:00:00:00:02");
  EXPECT_EQ(arp->sender.text(), "192.0.2.2");
  EXPECT_EQ(arp->target_mac.colons(), "52:54:00:00:00:01");
  EXPECT_EQ(arp->target.text(), "192.0.2.1");
  std::byte buffer[arp_size];
  EXPECT_EQ(wire::as_text(write_arp(buffer, *arp)), arp_reply);
}

TEST(Frames, ArpProbesClaimNoAddress) {
  const auto mac = *wire::Mac::parse("525400000001");
  std::byte buffer[arp_size];
  EXPECT_EQ(wire::as_text(write_arp(buffer, Arp::probe(mac, wire::IpAddress::v4(192, 0, 2, 2)))),
            "\0\1\x08\0\6\4\0\1\x52\x54\0\0\0\1\0\0\0\0\0\0\0\0\0\0\xc0\0\2\2"sv);
}

TEST(Frames, OtherPacketsAreNoArp) {
  for (const auto [at, byte] :
       {std::pair{1, '\6'}, {2, '\x86'}, {4, '\x08'}, {5, '\6'}, {7, '\3'}}) {
    std::string packet(arp_reply);
    packet[static_cast<std::size_t>(at)] = byte;
    EXPECT_FALSE(parse_arp(wire::as_bytes(packet))) << at;
  }
  for (std::size_t size = 0; size < arp_reply.size(); ++size) {
    EXPECT_FALSE(parse_arp(wire::as_bytes(arp_reply.substr(0, size)))) << size;
  }
}

}  // namespace
}  // namespace pixie::net
