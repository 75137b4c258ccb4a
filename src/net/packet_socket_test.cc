// Packet sockets on a wire of two ends.
#include "net/packet_socket.h"

#include <poll.h>

#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include "net/frames.h"
#include "net/testing.h"

namespace pixie::net {
namespace {

const wire::Endpoint from{wire::IpAddress::v4(192, 0, 2, 2), 67};

PacketSocket opened(const std::string& name, const Capture& capture) {
  auto socket = PacketSocket::open(interface_named(name), capture);
  if (!socket) throw std::runtime_error(socket.error().text);
  return std::move(*socket);
}

void send_text(const PacketSocket& socket, const wire::Endpoint& to, std::string_view text) {
  std::byte buffer[256];
  EXPECT_TRUE(socket.send(broadcast_mac, write_udp4(buffer, from, to, wire::as_bytes(text))));
}

/// The UDP payloads that come until nothing comes for a fifth of a second, a mark for outgoing ones before them.
std::string texts(const PacketSocket& socket) {
  std::string found;
  std::byte buffer[2048];
  for (pollfd waiting{socket.number(), POLLIN, 0}; poll(&waiting, 1, 200) == 1;) {
    const auto frame = socket.receive(buffer);
    if (!frame) continue;
    const auto udp =
        frame->ethertype == ethertype::ipv4 ? parse_udp4(frame->payload) : std::nullopt;
    if (!udp || udp->from != from) continue;
    EXPECT_EQ(frame->source.octets[5], 2);
    found += frame->outgoing ? ">" : "";
    found.append(wire::as_text(udp->payload)) += ' ';
  }
  return found;
}

TEST(PacketSocket, BringsTheChosenPortsAlone) {
  in_own_network(two_ends_of_a_wire, [] {
    const auto sender = opened("far", {.ethertype = ethertype::ipv4});
    const auto near = opened("near", {.ethertype = ethertype::ipv4, .udp_ports = {68, 4011}});
    const auto by_source = opened("near", {.ethertype = ethertype::ipv4, .udp_ports = {67}});
    const auto unfiltered = opened("near", {});
    const auto arp = opened("near", {.ethertype = ethertype::arp});
    const auto address = wire::IpAddress::v4(192, 0, 2, 1);
    send_text(sender, {address, 68}, "a");
    send_text(sender, {address, 69}, "b");
    send_text(sender, {address, 4011}, "c");
    EXPECT_EQ(texts(near), "a c ");
    EXPECT_EQ(texts(by_source), "a b c ");
    EXPECT_EQ(texts(unfiltered), "a b c ");
    EXPECT_EQ(texts(arp), "");
  });
}

TEST(PacketSocket, BringsWhatIsSentHereOnlyIfWanted) {
  in_own_network(two_ends_of_a_wire, [] {
    const auto sender = opened("far", {.ethertype = ethertype::ipv4});
    const auto with = opened("far", {.udp_ports = {68}, .outgoing = true});
    const auto without = opened("far", {.udp_ports = {68}});
    send_text(sender, {wire::IpAddress::v4(192, 0, 2, 1), 68}, "a");
    EXPECT_EQ(texts(with), ">a ");
    EXPECT_EQ(texts(without), "");
  });
}

TEST(PacketSocket, TellsWhichCapabilityIsMissing) {
  const auto text = explain_raw_socket("can't open a packet socket on eth0", EPERM);
  EXPECT_TRUE(text.contains("CAP_NET_RAW")) << text;
  EXPECT_TRUE(text.contains("setcap cap_net_raw,cap_net_bind_service=+ep")) << text;
  EXPECT_TRUE(explain_raw_socket("x", ENODEV).contains("No such device"));
}

}  // namespace
}  // namespace pixie::net
