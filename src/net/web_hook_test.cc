#include "net/web_hook.h"

#include <array>
#include <atomic>
#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/testing_events.h"
#include "net/testing_web.h"

namespace pixie::net {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::SizeIs;
using testing::StartsWith;

constexpr events::Kind step{"boot.step", events::Severity::info, "A step."};
constexpr std::chrono::system_clock::time_point moment{
    std::chrono::milliseconds(1'000'000'000'007)};
constexpr WebHook::Times no_pause{.patience = std::chrono::hours(1),
                                  .pause = std::chrono::milliseconds(0)};

void tell(WebHook& hook, std::uint64_t number) {
  const events::Field field{"number", number};
  hook.take({step, moment, {&field, 1}});
}

std::string numbered(std::uint64_t number) {
  return fmt::format(
      R"({{"event":"boot.step","time":"2001-09-09T01:46:40.007Z","fields":{{"number":{}}}}})",
      number);
}

TEST(WebHook, TellsAStep) {
  TestEvents events;
  const TestWebServer server([](const auto&) { return test_answer(204, ""); });
  WebHook hook(server.url("/hook?key=1"), events.stream, no_pause);
  const std::array<events::Field, 3> fields{
      {{"mac", "52:54:00:00:00:01"}, {"seconds", 1.5}, {"text", "a\"\xff\n"}}};
  hook.take({step, moment, fields});
  const auto requests = server.requests(1);
  EXPECT_THAT(
      requests[0],
      AllOf(StartsWith("POST /hook?key=1 HTTP/1.1\r\n"),
            HasSubstr("Content-Type: application/json\r\n"),
            EndsWith("\r\n\r\n{\"event\":\"boot.step\",\"time\":\"2001-09-09T01:46:40.007Z\","
                     "\"fields\":{\"mac\":\"52:54:00:00:00:01\",\"seconds\":1.5,"
                     "\"text\":\"a\\\"\xef\xbf\xbd\\n\"}}")));
}

TEST(WebHook, WantsBootsAndMachinesOnly) {
  TestEvents events;
  const WebHook hook("http://127.0.0.1:9/", events.stream, no_pause);
  const auto wants = [&](std::string_view id) {
    return hook.wants({id, events::Severity::info, ""});
  };
  EXPECT_TRUE(wants("boot.ended"));
  EXPECT_TRUE(wants("machine.seen"));
  EXPECT_FALSE(wants("webhook.failed"));
  EXPECT_FALSE(wants("http.done"));
}

TEST(WebHook, KeepsTheOrder) {
  TestEvents events;
  const TestWebServer server([](const auto&) { return test_answer(200, "ok"); });
  WebHook hook(server.url("/"), events.stream, no_pause);
  constexpr std::uint64_t count = 50;
  for (std::uint64_t i = 0; i < count; ++i) tell(hook, i);
  const auto requests = server.requests(count);
  for (std::uint64_t i = 0; i < count; ++i) EXPECT_THAT(requests[i], EndsWith(numbered(i)));
}

TEST(WebHook, TriesThreeTimesAndGoesOn) {
  TestEvents events;
  std::atomic<int> failures = 5;
  const TestWebServer server(
      [&](const auto&) { return test_answer(failures-- > 0 ? 503 : 200, ""); });
  WebHook hook(server.url("/"), events.stream, no_pause);
  tell(hook, 1);
  tell(hook, 2);
  tell(hook, 3);
  const auto requests = server.requests(7);
  EXPECT_THAT(requests,
              ElementsAre(EndsWith(numbered(1)), EndsWith(numbered(1)), EndsWith(numbered(1)),
                          EndsWith(numbered(2)), EndsWith(numbered(2)), EndsWith(numbered(2)),
                          EndsWith(numbered(3))));
  EXPECT_THAT(events.wait(1), ElementsAre(AllOf(StartsWith("webhook.failed"),
                                                HasSubstr("HTTP status 503"), EndsWith(" 1"))));
}

TEST(WebHook, DoesNotRepeatWhatIsRefused) {
  TestEvents events;
  const TestWebServer server([](const std::string& request) {
    return test_answer(request.ends_with(numbered(1)) ? 410 : 200, "");
  });
  WebHook hook(server.url("/"), events.stream, no_pause);
  tell(hook, 1);
  tell(hook, 2);
  EXPECT_THAT(server.requests(2), ElementsAre(EndsWith(numbered(1)), EndsWith(numbered(2))));
  EXPECT_THAT(events.wait(1), ElementsAre(HasSubstr("HTTP status 410")));
}

TEST(WebHook, LeavesOutTheOldestWhenTooManyWait) {
  TestEvents events;
  HeldWebServer server(test_answer(200, ""));
  WebHook hook(server.url("/"), events.stream, no_pause);
  tell(hook, 0);
  server.requests(1);
  for (std::uint64_t i = 1; i <= 1002; ++i) tell(hook, i);
  server.release();
  const auto requests = server.requests(1001);
  EXPECT_THAT(requests[1], EndsWith(numbered(3)));
  EXPECT_THAT(requests[1000], EndsWith(numbered(1002)));
  EXPECT_THAT(events.wait(1), ElementsAre(AllOf(HasSubstr("left out"), EndsWith(" 2"))));
}

TEST(WebHook, EndsWhileTheServerIsSilent) {
  TestEvents events;
  HeldWebServer server("");
  {
    WebHook hook(server.url("/"), events.stream, no_pause);
    tell(hook, 1);
    server.requests(1);
  }
  server.release();
  EXPECT_THAT(server.requests(), SizeIs(1));
}

TEST(WebHook, FinishesWhatWaits) {
  TestEvents events;
  HeldWebServer server(test_answer(200, ""));
  {
    WebHook hook(server.url("/"), events.stream, no_pause);
    hook.finish(std::chrono::hours(1));  // nothing waits
    for (std::uint64_t i = 0; i < 5; ++i) tell(hook, i);
    server.requests(1);
    std::jthread release([&] { server.release(); });
    hook.finish(std::chrono::hours(1));
  }
  const auto requests = server.requests();
  ASSERT_THAT(requests, SizeIs(5));
  for (std::uint64_t i = 0; i < 5; ++i) EXPECT_THAT(requests[i], EndsWith(numbered(i)));
}

TEST(WebHook, FinishesInTime) {
  TestEvents events;
  HeldWebServer server("");
  {
    WebHook hook(server.url("/"), events.stream, no_pause);
    for (std::uint64_t i = 0; i < 3; ++i) tell(hook, i);
    server.requests(1);
    hook.finish(std::chrono::milliseconds(10));
  }
  server.release();
  EXPECT_THAT(server.requests(), SizeIs(1));
  EXPECT_THAT(events.wait(1), ElementsAre(AllOf(HasSubstr("pixie ends"), EndsWith(" 3"))));
}

TEST(WebHook, EndsInAPause) {
  TestEvents events;
  const TestWebServer server([](const auto&) { return test_answer(500, ""); });
  auto times = no_pause;
  times.pause = std::chrono::hours(1);
  WebHook hook(server.url("/"), events.stream, times);
  tell(hook, 1);
  server.requests(1);
}

TEST(WebHook, NeedsAUrl) {
  TestEvents events;
  EXPECT_THROW(WebHook("hooks.example", events.stream), std::invalid_argument);
}

}  // namespace
}  // namespace pixie::net
