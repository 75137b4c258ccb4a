// Servers at the far end of a wire, and who is taken for one.
#include "net/foreign_dhcp.h"

#include <poll.h>

#include <functional>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "dhcp/option.h"
#include "net/frames.h"
#include "net/packet_socket.h"
#include "net/testing.h"

namespace pixie::net {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds wait{400};
const auto offered = wire::IpAddress::v4(192, 0, 2, 50);

/// Waits for one request on the interface `far`, gives it to `respond`, with a function that sends an answer.
class FarServer {
 public:
  using Send = std::function<void(const wire::Mac& to, const dhcp::Packet& answer)>;
  using Respond = std::function<void(const Udp4& request, const dhcp::Packet& packet, const Send&)>;

  explicit FarServer(const Respond& respond)
      : socket_(*PacketSocket::open(interface_named("far"),
                                    {.ethertype = ethertype::ipv4, .udp_ports = {67}})),
        thread_([this, respond] { serve(respond); }) {}
  ~FarServer() { thread_.join(); }

 private:
  void serve(const Respond& respond) const {
    pollfd waiting{.fd = socket_.number(), .events = POLLIN, .revents = 0};
    std::byte buffer[2048];
    ASSERT_EQ(poll(&waiting, 1, 5000), 1);
    const auto frame = socket_.receive(buffer);
    const auto udp = frame ? parse_udp4(frame->payload) : std::nullopt;
    ASSERT_TRUE(udp);
    const auto packet = dhcp::parse(udp->payload);
    ASSERT_TRUE(packet) << packet.error().text;
    respond(*udp, *packet, [this](const wire::Mac& to, const dhcp::Packet& answer) {
      std::byte message[1500];
      std::byte whole[1600];
      EXPECT_TRUE(socket_.send(to, write_udp4(whole, {wire::IpAddress::v4(192, 0, 2, 2), 67},
                                              {wire::IpAddress::v4(255, 255, 255, 255), 68},
                                              *dhcp::write(message, answer))));
    });
  }

  PacketSocket socket_;
  std::thread thread_;
};

dhcp::Packet offer_for(const dhcp::Packet& request) {
  dhcp::Packet offer = request;
  offer.op = dhcp::Packet::boot_reply;
  offer.options = {};
  offer.set_message_type(dhcp::MessageType::offer);
  offer.options.set_address(dhcp::option::server_identifier, wire::IpAddress::v4(192, 0, 2, 99));
  offer.yiaddr = offered;
  return offer;
}

TEST(ForeignDhcp, ServersAreFoundWithWhereTheyAre) {
  in_own_network(two_ends_of_a_wire, [] {
    const FarServer server([](const Udp4& udp, const dhcp::Packet& request, const auto& send) {
      EXPECT_EQ(udp.from.text(), "0.0.0.0:68");
      EXPECT_EQ(udp.to.text(), "255.255.255.255:67");
      EXPECT_EQ(request.message_type(), dhcp::MessageType::discover);
      EXPECT_EQ(request.flags, dhcp::Packet::broadcast_flag);
      auto answer = offer_for(request);
      send(broadcast_mac, answer);
      std::this_thread::sleep_for(milliseconds(100));
      // Another server, which has no identifier and takes no notice of the broadcast flag.
      answer.options.erase(dhcp::option::server_identifier);
      send(*request.mac(), answer);
    });
    const auto begin = std::chrono::steady_clock::now();
    const auto found = find_dhcp_servers(interface_named("near"), wait);
    EXPECT_GE(std::chrono::steady_clock::now() - begin, wait);
    ASSERT_TRUE(found) << found.error().text;
    ASSERT_EQ(found->size(), 2U);
    EXPECT_EQ(found->at(0).server_identifier.text(), "192.0.2.99");
    EXPECT_EQ(found->at(0).source.text(), "192.0.2.2:67");
    EXPECT_EQ(found->at(0).source_mac.colons(), "52:54:00:00:00:02");
    EXPECT_EQ(found->at(0).packet.yiaddr, offered);
    EXPECT_EQ(found->at(1).server_identifier.text(), "192.0.2.2");
    EXPECT_GE(found->at(1).took, milliseconds(100));
    EXPECT_LT(found->at(0).took, found->at(1).took);
  });
}

TEST(ForeignDhcp, OnlyOffersOfAnAddressToUsMakeAServer) {
  struct Case {
    const char* name;
    void (*change)(dhcp::Packet&);
  };
  const Case cases[] = {
      {"somebody's request", [](auto& p) { p.op = dhcp::Packet::boot_request; }},
      {"another transaction", [](auto& p) { ++p.xid; }},
      {"another machine's", [](auto& p) { p.chaddr[5] ^= 1; }},
      {"a NAK", [](auto& p) { p.set_message_type(dhcp::MessageType::nak); }},
      {"a proxy's, without an address",
       [](auto& p) { p.yiaddr = wire::IpAddress::v4(0, 0, 0, 0); }},
  };
  in_own_network(two_ends_of_a_wire, [&] {
    const FarServer server([&](const Udp4&, const dhcp::Packet& request, const auto& send) {
      for (const auto& one : cases) {
        auto answer = offer_for(request);
        answer.options.set_text(dhcp::option::message, one.name);
        one.change(answer);
        send(broadcast_mac, answer);
      }
    });
    const auto found = find_dhcp_servers(interface_named("near"), wait);
    ASSERT_TRUE(found) << found.error().text;
    for (const auto& answer : *found) {
      ADD_FAILURE() << answer.packet.options.text(dhcp::option::message).value_or("");
    }
  });
}

TEST(ForeignDhcp, ARequestOfOnesOwnGetsEveryAnswer) {
  in_own_network(two_ends_of_a_wire, [] {
    auto request = unknown_discover();
    request.options.set_text(dhcp::option::vendor_class, "PXEClient");
    const FarServer server([](const Udp4&, const dhcp::Packet& got, const auto& send) {
      EXPECT_EQ(got.options.text(dhcp::option::vendor_class), "PXEClient");
      auto answer = offer_for(got);
      answer.yiaddr = wire::IpAddress::v4(0, 0, 0, 0);
      send(broadcast_mac, answer);
      answer.set_message_type(dhcp::MessageType::nak);
      send(broadcast_mac, answer);
    });
    const auto answers = ask_dhcp_servers(interface_named("near"), request, wait);
    ASSERT_TRUE(answers) << answers.error().text;
    ASSERT_EQ(answers->size(), 2U);
    EXPECT_EQ(answers->at(0).packet.message_type(), dhcp::MessageType::offer);
    EXPECT_EQ(answers->at(1).packet.message_type(), dhcp::MessageType::nak);
  });
}

TEST(ForeignDhcp, UnknownMachinesDiffer) {
  const auto one = unknown_discover();
  const auto other = unknown_discover();
  EXPECT_NE(one.mac(), other.mac());
  EXPECT_EQ(one.mac()->octets[0] & 3, 2);
}

TEST(ForeignDhcp, AnInterfaceThatIsGoneIsSaid) {
  in_own_network(two_ends_of_a_wire, [] {
    auto interface = interface_named("near");
    interface.index = 9999;
    const auto found = find_dhcp_servers(interface, wait);
    ASSERT_FALSE(found);
    EXPECT_TRUE(found.error().text.contains("near: No such device")) << found.error().text;
  });
}

}  // namespace
}  // namespace pixie::net
