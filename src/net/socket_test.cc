// Ports are taken for this process alone, whatever its own sockets share; datagrams carry the addresses of both
// ends.
#include "net/socket.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "net/udp.h"

namespace pixie::net {
namespace {

const auto any_port = *wire::Endpoint::parse("127.0.0.1:0", 0);

class Ports : public testing::TestWithParam<Transport> {};
INSTANTIATE_TEST_SUITE_P(All, Ports, testing::Values(Transport::udp, Transport::tcp));

TEST_P(Ports, AreSharedAmongOurSocketsAndWithNobodyElse) {
  const auto mine = bind_sockets(any_port, GetParam(), 3, false);
  ASSERT_TRUE(mine) << mine.error().text;
  EXPECT_EQ(mine->sockets.size(), 3U);
  EXPECT_NE(mine->endpoint.port, 0);
  const auto again = bind_sockets(mine->endpoint, GetParam(), 1, false);
  ASSERT_FALSE(again);
  EXPECT_TRUE(again.error().text.contains("has it already")) << again.error().text;
  EXPECT_TRUE(again.error().text.contains(std::to_string(getpid()))) << again.error().text;
}

TEST_P(Ports, SayWhenTheAddressIsNotOurs) {
  const auto foreign = bind_sockets(*wire::Endpoint::parse("192.0.2.1:0", 0), GetParam(), 1, false);
  ASSERT_FALSE(foreign);
  EXPECT_TRUE(foreign.error().text.contains("is no address of this machine"))
      << foreign.error().text;
}

void wait_until_readable(int socket) {
  pollfd descriptor{.fd = socket, .events = POLLIN, .revents = 0};
  ASSERT_EQ(poll(&descriptor, 1, 5000), 1);
}

TEST(Udp, AnswersFromTheAddressThatWasAsked) {
  auto server = bind_sockets(*wire::Endpoint::parse("[::]:0", 0), Transport::udp, 1, false);
  ASSERT_TRUE(server) << server.error().text;
  for (const auto* address : {"127.0.0.5", "::1"}) {
    const auto asked = wire::Endpoint{*wire::IpAddress::parse(address), server->endpoint.port};
    const bool v6 = !asked.address.is_v4();
    const tree::Descriptor client(socket(v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_storage to{};
    const auto length = to_socket_address(asked, v6, 0, to);
    // Connected: the kernel drops an answer that comes from elsewhere.
    ASSERT_EQ(connect(client.number(), reinterpret_cast<const sockaddr*>(&to), length), 0);
    ASSERT_EQ(send(client.number(), "ask", 3, 0), 3);

    const int number = server->sockets[0].number();
    wait_until_readable(number);
    UdpReceiver receiver;
    const auto datagrams = receiver.receive(number);
    ASSERT_EQ(datagrams.size(), 1U);
    EXPECT_EQ(wire::as_text(datagrams[0].payload), "ask");
    EXPECT_EQ(datagrams[0].route.local, asked.address);
    EXPECT_FALSE(datagrams[0].to_many);

    UdpSender sender(true);
    char text[] = "abcdefg";
    iovec part{text, 7};
    sender.add(datagrams[0].route, std::span(&part, 1), 0);
    EXPECT_EQ(sender.flush(number).sent, 1U);
    wait_until_readable(client.number());
    char got[16];
    EXPECT_EQ(recv(client.number(), got, sizeof got, 0), 7);
  }
}

}  // namespace
}  // namespace pixie::net
