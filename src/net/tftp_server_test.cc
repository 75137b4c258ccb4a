// What TftpServer sends to whom, over loopback.
#include "net/tftp_server.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "net/socket.h"
#include "net/testing_events.h"

namespace pixie::net {
namespace {

using std::literals::operator""sv;
using namespace std::chrono_literals;

constexpr auto plain_request = "\0\1extra/file\0octet\0"sv;
constexpr auto request_with_options = "\0\1extra/file\0octet\0tsize\0000\0"sv;

class Client {
 public:
  Client() : socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    auto own = loopback(0);
    EXPECT_EQ(::bind(socket_.number(), reinterpret_cast<sockaddr*>(&own), sizeof own), 0);
  }

  void send(std::string_view packet, std::uint16_t port) {
    const auto to = loopback(port);
    EXPECT_EQ(::sendto(socket_.number(), packet.data(), packet.size(), 0,
                       reinterpret_cast<const sockaddr*>(&to), sizeof to),
              static_cast<ssize_t>(packet.size()));
  }

  /// The opcode of the next packet; 0: none comes.
  int receive() {
    wait_until(socket_.number(), Clock::now() + 20s);
    return waiting();
  }
  /// The same, if it is there already.
  int waiting() {
    char packet[1500];
    sockaddr_in from{};
    socklen_t size = sizeof from;
    if (::recvfrom(socket_.number(), packet, sizeof packet, MSG_DONTWAIT,
                   reinterpret_cast<sockaddr*>(&from), &size) < 4)
      return 0;
    server_ = ntohs(from.sin_port);
    return packet[1];
  }
  /// Where the last packet came from.
  std::uint16_t server() const { return server_; }

 private:
  static sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }

  tree::Descriptor socket_;
  std::uint16_t server_ = 0;
};

std::filesystem::path new_folder() {
  std::string path = testing::TempDir() + "/tftp_server_test-XXXXXX";
  EXPECT_TRUE(mkdtemp(path.data()));
  return path;
}

/// A server on a loop and thread of its own, which serves extra/file (two blocks) and a machine's script.
class TftpServerTest : public testing::Test {
 protected:
  static constexpr int data = 3;
  static constexpr int error = 5;
  static constexpr int oack = 6;
  static constexpr auto ack_of_oack = "\0\4\0\0"sv;
  static constexpr std::size_t limit = 3;
  /// Nothing is sent again while a test goes on.
  static constexpr tftp::Limits patient{.initial_pause = 60s, .max_pause = 60s};

  TftpServerTest()
      : TftpServerTest(
            TftpSettings{.limits = patient, .without_options = {}, .unconfirmed_limit = limit}) {}
  explicit TftpServerTest(const TftpSettings& settings) : settings_(settings) {
    std::ofstream(folder_ / "file") << std::string(1000, 'x');
    std::ofstream(folder_ / "02-00-00-00-00-01.ipxe") << "#!ipxe\n";
    layout_.extra = layout_.scripts = folder_;
    auto listening =
        bind_sockets({wire::IpAddress::v4(127, 0, 0, 1), 0}, Transport::udp, 1, false).value();
    port = listening.endpoint.port;
    auto transfers = bind_transfer_socket(listening.endpoint, listening.ipv6_socket).value();
    loop_.emplace(0, 1, layout_, events_.stream);
    server_.emplace(*loop_, settings_, std::move(listening.sockets.front()), std::move(transfers),
                    listening.ipv6_socket, false);
    thread_ = std::thread([this] { loop_->run(); });
  }
  ~TftpServerTest() override {
    loop_->stop();
    thread_.join();
    std::filesystem::remove_all(folder_);
  }

  /// From now on the loop does nothing else until the returned promise is kept.
  std::promise<void> hold_loop() {
    std::promise<void> release;
    const auto held = std::make_shared<std::promise<void>>();
    loop_->post([held, until = std::make_shared<std::future<void>>(release.get_future())] {
      held->set_value();
      until->wait();
    });
    held->get_future().wait();
    return release;
  }

  /// Once, on the loop's thread: when the first file of a machine that is known is asked for.
  void at_first_fetch(std::function<void()> action) {
    loop_->post([this, action = std::move(action)] {
      loop_->on_fetch = [this, action](const wire::Mac& /*machine*/, tree::Body::Kind /*kind*/) {
        std::exchange(loop_->on_fetch, nullptr) ? action() : void();
      };
    });
  }

  /// Of fifty clients at one address that confirm nothing few get the answer to `request`; then one is sent to whom that
  /// is not counted.
  void expect_few_answers(std::string_view request, int answer, std::string_view uncounted,
                          int its_answer) {
    std::vector<Client> forged(50);
    const auto began = Clock::now();
    for (auto& client : forged) client.send(request, port);
    // It comes when those before were looked at.
    Client honest;
    honest.send(uncounted, port);
    EXPECT_EQ(honest.receive(), its_answer);
    std::size_t answered = 0;
    for (auto& client : forged) answered += client.waiting() == answer;
    const std::chrono::duration<double> took = Clock::now() - began;
    EXPECT_GE(answered, limit);
    EXPECT_LE(static_cast<double>(answered), static_cast<double>(limit) * (took.count() + 1));
  }

  /// From its request to its first block: it was heard then.
  void begin(Client& client, std::string_view request = request_with_options) const {
    client.send(request, port);
    ASSERT_EQ(client.receive(), oack);
    client.send(ack_of_oack, client.server());
    ASSERT_EQ(client.receive(), data);
  }

  std::uint16_t port = 0;

 private:
  const std::filesystem::path folder_ = new_folder();
  TestEvents events_;
  tree::Layout layout_;
  const TftpSettings settings_;
  std::optional<Loop> loop_;
  std::optional<TftpServer> server_;
  std::thread thread_;
};

TEST_F(TftpServerTest, SendsFewBlocksToAnAddressThatConfirmsNone) {
  // An option acknowledgment is no more than its request.
  expect_few_answers(plain_request, data, request_with_options, oack);
}

TEST_F(TftpServerTest, AnOptionThatIsNotAgreedToIsNoWayAround) {
  expect_few_answers("\0\1extra/file\0octet\0timeout\000255\0"sv, data, request_with_options, oack);
}

TEST_F(TftpServerTest, ARepeatedRequestIsNoWayAround) {
  Client forged;
  const auto began = Clock::now();
  for (int i = 0; i < 50; ++i) forged.send(plain_request, port);
  Client honest;
  honest.send(request_with_options, port);
  EXPECT_EQ(honest.receive(), oack);
  std::size_t blocks = 0;
  while (forged.waiting() == data) ++blocks;
  const std::chrono::duration<double> took = Clock::now() - began;
  EXPECT_GE(blocks, 1U);
  EXPECT_LE(static_cast<double>(blocks), static_cast<double>(limit) * (took.count() + 1));
}

TEST_F(TftpServerTest, RefusesFewRequestsThatAreMuchShorterThanTheAnswer) {
  expect_few_answers("\0\1f\0mail\0"sv, error, "\0\2extra/file\0octet\0"sv, error);
}

TEST_F(TftpServerTest, WhoConfirmsIsNotLimited) {
  for (std::size_t i = 0; i < 20 * limit; ++i) {
    Client client;
    client.send(plain_request, port);
    ASSERT_EQ(client.receive(), data) << i;
    client.send("\0\4\0\1"sv, client.server());
    ASSERT_EQ(client.receive(), data) << i;
  }
}

TEST_F(TftpServerTest, WhatCameBeforeARequestIsNotTakenForAPartOfIt) {
  Client client;
  client.send(request_with_options, port);
  ASSERT_EQ(client.receive(), oack);
  const auto former = client.server();
  auto release = hold_loop();
  Client busy;
  for (int i = 0; i < 1500; ++i) busy.send("\0\5\0\0x\0"sv, former);
  client.send("\0\5\0\0enough\0"sv, former);
  client.send("\0\1extra/file\0octet\0blksize\000512\0"sv, port);
  release.set_value();
  ASSERT_EQ(client.receive(), oack);
  client.send(ack_of_oack, client.server());
  EXPECT_EQ(client.receive(), data);
}

TEST_F(TftpServerTest, WhatCameBeforeARequestIsNotTakenForAPartOfItWhileOthersAsk) {
  Client client;
  client.send(request_with_options, port);
  ASSERT_EQ(client.receive(), oack);
  const auto sent = std::make_shared<std::promise<void>>();
  at_first_fetch([&client, this, sent, former = client.server()] {
    client.send("\0\5\0\0enough\0"sv, former);
    client.send(request_with_options, port);
    sent->set_value();
  });
  auto release = hold_loop();
  std::vector<Client> others(UdpReceiver::batch_size);
  for (auto& other : others) other.send("\0\1ipxe/02-00-00-00-00-01.ipxe\0octet\0"sv, port);
  release.set_value();
  ASSERT_EQ(sent->get_future().wait_for(20s), std::future_status::ready);
  ASSERT_EQ(client.receive(), oack);
  client.send(ack_of_oack, client.server());
  EXPECT_EQ(client.receive(), data);
}

/// It sends again what is not answered after a second.
class HastyTftpServerTest : public TftpServerTest {
 protected:
  HastyTftpServerTest() : TftpServerTest(TftpSettings{.limits = {}, .without_options = {}}) {}
};

/// Client and server lost patience at the same time.
TEST_F(HastyTftpServerTest, ARepeatedRequestThatCrossedWithTheAnswerEndsNothing) {
  Client client;
  client.send(request_with_options, port);
  ASSERT_EQ(client.receive(), oack);
  ASSERT_EQ(client.receive(), oack);
  auto release = hold_loop();
  client.send(request_with_options, port);
  client.send(ack_of_oack, client.server());
  release.set_value();
  ASSERT_EQ(client.receive(), data);
  client.send("\0\4\0\1"sv, client.server());
  EXPECT_EQ(client.receive(), data);
}

/// With room for two open files, and two texts.
class FullTftpServerTest : public TftpServerTest {
 protected:
  FullTftpServerTest()
      : TftpServerTest(TftpSettings{
            .limits = patient, .without_options = {}, .file_limit = 2, .text_limit_bytes = 1500}) {}
};

TEST_F(FullTftpServerTest, WhoWasNotHeardLongestMakesRoom) {
  std::vector<Client> clients(3);
  for (auto& client : clients) {
    client.send(request_with_options, port);
    ASSERT_EQ(client.receive(), oack);
  }
  clients[0].send(ack_of_oack, clients[0].server());
  EXPECT_EQ(clients[0].receive(), error);
  for (std::size_t i : {1U, 2U}) {
    clients[i].send(ack_of_oack, clients[i].server());
    EXPECT_EQ(clients[i].receive(), data);
  }
}

TEST_F(FullTftpServerTest, WhoReadsNoFileMakesNoRoomForOne) {
  std::vector<Client> files(2);
  for (auto& client : files) ASSERT_NO_FATAL_FAILURE(begin(client));
  // Translated as a whole: the file is not open meanwhile.
  Client text;
  text.send("\0\1extra/file\0netascii\0tsize\0000\0"sv, port);
  ASSERT_EQ(text.receive(), oack);
  Client late;
  late.send(request_with_options, port);
  text.send(ack_of_oack, text.server());
  EXPECT_EQ(text.receive(), data);
  EXPECT_EQ(late.waiting(), 0);
}

TEST_F(FullTftpServerTest, TextsThatAreTranslatedAreBounded) {
  constexpr auto text = "\0\1extra/file\0netascii\0tsize\0000\0"sv;
  std::vector<Client> clients(4);
  for (std::size_t i : {0U, 1U}) ASSERT_NO_FATAL_FAILURE(begin(clients[i], text));
  clients[2].send(text, port);
  Client writer;
  writer.send("\0\2extra/file\0octet\0"sv, port);
  EXPECT_EQ(writer.receive(), error);
  EXPECT_EQ(clients[2].waiting(), 0);
  clients[0].send("\0\5\0\0enough\0"sv, clients[0].server());
  clients[2].send(text, port);
  ASSERT_EQ(clients[2].receive(), oack);
  // Of those that were not heard, the oldest makes room.
  clients[3].send(text, port);
  ASSERT_EQ(clients[3].receive(), oack);
  clients[2].send(ack_of_oack, clients[2].server());
  EXPECT_EQ(clients[2].receive(), error);
}

/// With room for two, who count as silent at once.
class ImpatientTftpServerTest : public TftpServerTest {
 protected:
  ImpatientTftpServerTest()
      : TftpServerTest(TftpSettings{
            .limits = patient, .without_options = {}, .transfer_limit = 2, .long_silence = 0s}) {}
};

TEST_F(ImpatientTftpServerTest, WhoWasHeardAndIsSilentMakesRoom) {
  std::vector<Client> clients(3);
  for (auto& client : clients) ASSERT_NO_FATAL_FAILURE(begin(client));
  clients[0].send("\0\4\0\1"sv, clients[0].server());
  EXPECT_EQ(clients[0].receive(), error);
  for (std::size_t i : {1U, 2U}) {
    clients[i].send("\0\4\0\1"sv, clients[i].server());
    EXPECT_EQ(clients[i].receive(), data);
  }
}

TEST_F(ImpatientTftpServerTest, AsManyMayLingerAsMayRun) {
  std::vector<Client> clients(4);
  for (auto& client : clients) {
    client.send(request_with_options, port);
    ASSERT_EQ(client.receive(), oack);
    client.send("\0\5\0\0enough\0"sv, client.server());
  }
  // The fourth request found three that were over. What comes to those that linger gets no answer.
  clients[1].send(ack_of_oack, clients[1].server());
  clients[0].send(ack_of_oack, clients[0].server());
  EXPECT_EQ(clients[0].receive(), error);
  EXPECT_EQ(clients[1].waiting(), 0);
}

TEST_F(FullTftpServerTest, WhoWasHeardIsNotDisturbed) {
  std::vector<Client> clients(2);
  for (auto& client : clients) ASSERT_NO_FATAL_FAILURE(begin(client));
  Client late;
  late.send(request_with_options, port);
  // What is sent later to the same socket is answered later.
  Client writer;
  writer.send("\0\2extra/file\0octet\0"sv, port);
  EXPECT_EQ(writer.receive(), error);
  EXPECT_EQ(late.waiting(), 0);
  clients[0].send("\0\5\0\0enough\0"sv, clients[0].server());
  clients[1].send("\0\4\0\1"sv, clients[1].server());
  EXPECT_EQ(clients[1].receive(), data);
  late.send(request_with_options, port);
  EXPECT_EQ(late.receive(), oack);
}

}  // namespace
}  // namespace pixie::net
