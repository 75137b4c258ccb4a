#include "net/upstream_client.h"

#include <atomic>
#include <barrier>
#include <future>
#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/testing_events.h"
#include "net/testing_web.h"

namespace pixie::net {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;
using testing::StartsWith;

using Script = std::optional<std::string>;

constexpr std::string_view own_script = R"({"ipxe-script": "#!ipxe\nshell\n"})";
constexpr UpstreamClient::Times unhurried{
    .patience = hours(1), .turn = hours(1), .fresh = hours(1), .stale = hours(1)};

UpstreamClient::Times never_fresh() {
  auto times = unhurried;
  times.fresh = milliseconds(0);
  return times;
}

wire::Mac machine(unsigned number) {
  return {{0x52, 0x54, 0, 0, static_cast<std::uint8_t>(number >> 8),
           static_cast<std::uint8_t>(number)}};
}

std::future<Script> asking(UpstreamClient& client, unsigned number = 1) {
  const auto answer = std::make_shared<std::promise<Script>>();
  client.ask(machine(number), [answer](Script script) { answer->set_value(std::move(script)); });
  return answer->get_future();
}

TEST(UpstreamClient, BootsWhatTheServerSays) {
  TestEvents events;
  const TestWebServer server([](const auto&) { return test_answer(200, own_script); });
  UpstreamClient client(server.url("/lab"), events.stream, unhurried);
  EXPECT_EQ(asking(client).get(), "#!ipxe\nshell\n");
  // The second answer is the first one.
  EXPECT_EQ(asking(client).get(), "#!ipxe\nshell\n");
  ASSERT_THAT(server.requests(), SizeIs(1));
  EXPECT_THAT(server.requests()[0], StartsWith("GET /lab/v1/boot/52:54:00:00:00:01 HTTP/1.1"));
}

TEST(UpstreamClient, KnowsThatThereIsNothing) {
  TestEvents events;
  const TestWebServer server([](const auto&) { return test_answer(404, "none"); });
  UpstreamClient client(server.url(""), events.stream, unhurried);
  EXPECT_EQ(asking(client).get(), std::nullopt);
  EXPECT_EQ(asking(client).get(), std::nullopt);
  EXPECT_THAT(server.requests(), SizeIs(1));
}

TEST(UpstreamClient, RemembersWhatItHeardLast) {
  TestEvents events;
  std::atomic<int> status = 200;
  const TestWebServer server([&](const auto&) { return test_answer(status, own_script); });
  UpstreamClient client(server.url(""), events.stream, never_fresh());
  EXPECT_EQ(client.last_heard(machine(1)), std::nullopt);
  asking(client).get();
  EXPECT_EQ(client.last_heard(machine(1)), Script("#!ipxe\nshell\n"));
  status = 500;
  asking(client).get();
  EXPECT_EQ(client.last_heard(machine(1)), Script("#!ipxe\nshell\n"));
  status = 404;
  asking(client).get();
  const auto nothing = client.last_heard(machine(1));
  ASSERT_TRUE(nothing);
  EXPECT_EQ(*nothing, std::nullopt);
  EXPECT_THAT(server.requests(), SizeIs(3));
}

TEST(UpstreamClient, AsksAgainAndFallsBackToTheFormerAnswer) {
  TestEvents events;
  std::atomic<int> status = 200;
  const TestWebServer server([&](const auto&) { return test_answer(status, own_script); });
  UpstreamClient client(server.url(""), events.stream, never_fresh());
  EXPECT_NE(asking(client).get(), std::nullopt);
  status = 500;
  EXPECT_EQ(asking(client).get(), "#!ipxe\nshell\n");
  EXPECT_EQ(asking(client, 2).get(), std::nullopt);
  status = 404;
  EXPECT_EQ(asking(client).get(), std::nullopt);
  EXPECT_THAT(server.requests(), SizeIs(4));
  EXPECT_THAT(events.wait(3),
              ElementsAre(AllOf(StartsWith("upstream.failed"), HasSubstr("HTTP status 500")),
                          StartsWith("upstream.stale"), StartsWith("upstream.failed")));
}

TEST(UpstreamClient, ForgetsAnAnswerThatIsTooOld) {
  TestEvents events;
  std::atomic<int> status = 200;
  const TestWebServer server([&](const auto&) { return test_answer(status, own_script); });
  auto times = never_fresh();
  times.stale = milliseconds(0);
  UpstreamClient client(server.url(""), events.stream, times);
  EXPECT_NE(asking(client).get(), std::nullopt);
  status = 500;
  EXPECT_EQ(asking(client).get(), std::nullopt);
}

TEST(UpstreamClient, TellsAnAnswerThatItCanNotUse) {
  TestEvents events;
  const TestWebServer server([](const auto&) { return test_answer(200, "{}"); });
  UpstreamClient client(server.url(""), events.stream, unhurried);
  EXPECT_EQ(asking(client).get(), std::nullopt);
  EXPECT_THAT(events.wait(1), ElementsAre(HasSubstr("neither kernel nor ipxe-script")));
}

TEST(UpstreamClient, DoesNotWaitForASlowServer) {
  TestEvents events;
  HeldWebServer server(test_answer(200, own_script));
  auto times = unhurried;
  times.patience = milliseconds(50);
  UpstreamClient client(server.url(""), events.stream, times);
  EXPECT_EQ(asking(client).get(), std::nullopt);
  EXPECT_THAT(events.wait(1), ElementsAre(HasSubstr("no answer in time")));
  server.release();
}

TEST(UpstreamClient, AsksForManyMachinesAtOnce) {
  TestEvents events;
  // Nobody is answered before four were asked for.
  std::barrier all_four(4);
  const TestWebServer server([&](const auto&) {
    all_four.arrive_and_wait();
    return test_answer(200, own_script);
  });
  UpstreamClient client(server.url(""), events.stream, unhurried);
  std::vector<std::future<Script>> answers;
  for (unsigned i = 0; i < 4; ++i) answers.push_back(asking(client, i));
  for (auto& answer : answers) EXPECT_NE(answer.get(), std::nullopt);
}

TEST(UpstreamClient, AsksOnceForThoseWhoAskAtOnce) {
  TestEvents events;
  HeldWebServer server(test_answer(200, own_script));
  UpstreamClient client(server.url(""), events.stream, never_fresh());
  std::vector<std::future<Script>> answers;
  answers.push_back(asking(client));
  server.requests(1);
  for (int i = 0; i < 3; ++i) answers.push_back(asking(client));
  server.release();
  for (auto& answer : answers) EXPECT_NE(answer.get(), std::nullopt);
  EXPECT_THAT(server.requests(), SizeIs(1));
}

TEST(UpstreamClient, LimitsThoseWhoWait) {
  TestEvents events;
  HeldWebServer server(test_answer(200, own_script));
  UpstreamClient client(server.url(""), events.stream, unhurried);
  std::vector<std::future<Script>> answers;
  for (unsigned i = 0; i < 1000; ++i) answers.push_back(asking(client, i));
  EXPECT_EQ(asking(client, 1000).get(), std::nullopt);
  EXPECT_THAT(events.wait(1), ElementsAre(HasSubstr("too many machines")));
  server.release();
  for (auto& answer : answers) EXPECT_NE(answer.get(), std::nullopt);
}

TEST(UpstreamClient, GivesUpWhoWaitedTooLongForATurn) {
  TestEvents events;
  const TestWebServer server([](const auto&) { return test_answer(200, own_script); });
  auto times = unhurried;
  times.turn = milliseconds(0);
  UpstreamClient client(server.url(""), events.stream, times);
  EXPECT_EQ(asking(client).get(), std::nullopt);
  EXPECT_THAT(events.wait(1), ElementsAre(HasSubstr("too slow")));
  EXPECT_THAT(server.requests(), SizeIs(0));
}

TEST(UpstreamClient, EndsWhileTheServerIsSilent) {
  TestEvents events;
  HeldWebServer server("");
  std::vector<std::future<Script>> answers;
  {
    UpstreamClient client(server.url(""), events.stream, unhurried);
    // More than are asked for at once.
    for (unsigned i = 0; i < 8; ++i) answers.push_back(asking(client, i));
    server.requests(4);
  }
  for (auto& answer : answers) EXPECT_EQ(answer.get(), std::nullopt);
  server.release();
}

TEST(UpstreamClient, NeedsAUrl) {
  TestEvents events;
  EXPECT_THROW(UpstreamClient("api.example", events.stream), std::invalid_argument);
}

}  // namespace
}  // namespace pixie::net
