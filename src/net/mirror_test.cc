#include "net/mirror.h"

#include <condition_variable>
#include <latch>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mirror/testing.h"
#include "net/testing_events.h"
#include "net/testing_web.h"

namespace pixie::net {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;
using How = Mirrored::How;

/// SHA-256 of `hello`.
const std::string hello_sum = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

MirrorTimes quick() {
  MirrorTimes times;
  times.pause = milliseconds(1);
  return times;
}

/// A mirror of one server, with what it told.
class TestMirror {
 public:
  explicit TestMirror(const TestWebServer& server, const Mirror::Waits& waits = {},
                      const MirrorTimes& times = quick())
      : mirror(mirror::Cache::open(std::move(*mirror::Folder::take(folder_.path()).value()), {})
                   .value(),
               mirror::AllowList::parse(fmt::format("127.0.0.1:{}", server.port())).value(),
               events_.stream, times, waits),
        server_(server) {}

  /// Asks, and collects answers.
  void ask(const std::string& path, const std::optional<std::string>& wanted = {}) {
    const auto take = [this](Mirrored found) {
      const std::lock_guard lock(mutex_);
      answers_.push_back(std::move(found));
      came_.notify_all();
    };
    mirror.ask(http::Url::parse(server_.url(path)).value(), take, wanted);
  }
  std::vector<Mirrored>& answers(std::size_t count) {
    std::unique_lock lock(mutex_);
    came_.wait(lock, [&] { return answers_.size() >= count; });
    return answers_;
  }
  /// What a profile says of it.
  void pin(const std::string& path, const std::string& sum) {
    mirror.set_pins(std::make_shared<const Mirror::Pins>(Mirror::Pins{{server_.url(path), sum}}));
  }
  /// Waits until the one fetch so far has ended.
  void await_end() { events_.wait(2); }
  void lose_bytes(const mirror::Entry& entry) const {
    mirror::Folder(folder_.path()).remove_data(entry);
  }
  Mirrored get(const std::string& path, const std::optional<std::string>& wanted = {}) {
    ask(path, wanted);
    auto found = std::move(answers(1).front());
    answers_.clear();
    return found;
  }

 private:
  mirror::TestFolder folder_;
  TestEvents events_;

 public:
  Mirror mirror;

 private:
  const TestWebServer& server_;
  std::mutex mutex_;
  std::condition_variable came_;
  std::vector<Mirrored> answers_;
};

/// All of it, once it is there; what there is, if it ends short.
std::string content(const Mirrored& found) {
  if (found.how == How::refused) return fmt::format("{} {}", found.status, found.reason);
  while (found.growing) {
    std::latch changed(1);
    const auto seen = found.growing->look(found.entry->size - 1, [&] { changed.count_down(); });
    if (seen.ended || seen.size == found.entry->size) break;
    changed.wait();
  }
  std::string text(found.entry->size, '\0');
  const auto count = pread(found.file.number(), text.data(), text.size(), 0);
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  return text;
}

TEST(Growing, WakesWhoeverHasSomethingToSend) {
  Growing growing(0);
  int first = 0;
  int second = 0;
  EXPECT_EQ(growing.look(1, [&] { ++first; }).size, 0U);
  EXPECT_EQ(growing.look(5, [&] { ++second; }).size, 0U);
  growing.grow(1);
  EXPECT_EQ(first, 0);
  growing.grow(2);
  growing.grow(3);
  EXPECT_EQ(first, 1);
  EXPECT_EQ(second, 0);
  growing.end();
  EXPECT_EQ(first, 1);
  EXPECT_EQ(second, 1);
}

TEST(Mirror, FetchesOnce) {
  const TestWebServer server(
      [](const auto&) { return test_answer(200, "hello", "Cache-Control: max-age=100\r\n"); });
  TestMirror test(server);
  const auto first = test.get("/x");
  EXPECT_EQ(first.how, How::miss);
  EXPECT_EQ(content(first), "hello");
  // Its last byte may be here before it is known to be whole.
  for (auto how = How::joined; how != How::hit;) {
    const auto again = test.get("/x");
    EXPECT_EQ(content(again), "hello");
    how = again.how;
  }
  EXPECT_THAT(server.requests(), SizeIs(1));
  EXPECT_EQ(test.mirror.counts().misses, 1U);
}

TEST(Mirror, RefusesOtherHosts) {
  const TestWebServer server([](const auto&) { return test_answer(200, "hello"); });
  const TestWebServer other([](const auto&) { return test_answer(200, "hello"); });
  TestMirror test(server);
  bool called = false;
  test.mirror.ask(http::Url::parse(other.url("/")).value(), [&](const Mirrored& found) {
    called = true;
    EXPECT_EQ(found.status, 403);
  });
  EXPECT_TRUE(called);
  EXPECT_THAT(other.requests(), SizeIs(0));
}

TEST(Mirror, LetsAllWaitForOneFetch) {
  std::latch gate(1);
  const TestWebServer server([&](const auto&) {
    gate.wait();
    return test_answer(200, "hello");
  });
  TestMirror test(server);
  constexpr std::size_t count = 50;
  for (std::size_t i = 0; i < count; ++i) test.ask("/x");
  server.requests(1);
  gate.count_down();
  std::size_t misses = 0;
  for (const auto& found : test.answers(count)) {
    EXPECT_EQ(content(found), "hello");
    misses += found.how == How::miss ? 1 : 0;
  }
  EXPECT_EQ(misses, 1U);
  EXPECT_THAT(server.requests(), SizeIs(1));
}

TEST(Mirror, GoesOnWhereItWasCut) {
  const TestWebServer server([](const std::string& request) {
    if (request.find("Range: bytes=2-\r\nIf-Range: \"v\"") != std::string::npos) {
      return std::string(
          "HTTP/1.1 206 part\r\nContent-Length: 3\r\nContent-Range: bytes 2-4/5\r\n\r\nllo");
    }
    return std::string("HTTP/1.1 200 ok\r\nContent-Length: 5\r\nETag: \"v\"\r\n\r\nhe");
  });
  TestMirror test(server);
  EXPECT_EQ(content(test.get("/x")), "hello");
  EXPECT_THAT(server.requests(), SizeIs(2));
}

TEST(Mirror, EndsShortWhatCantBeGoneOnWith) {
  const TestWebServer server(
      [](const auto&) { return std::string("HTTP/1.1 200 ok\r\nContent-Length: 5\r\n\r\nhe"); });
  TestMirror test(server);
  EXPECT_EQ(content(test.get("/x")), "he");
}

TEST(Mirror, RefusesAnotherPartThanItAskedFor) {
  for (const auto* range : {"bytes 1-4/5", "bytes 2-5/6", "bytes 2-4/*", "lines 2-4/5"}) {
    const TestWebServer server([&](const std::string& request) {
      if (request.find("Range: ") != std::string::npos) {
        return fmt::format("HTTP/1.1 206 part\r\nContent-Length: 3\r\nContent-Range: {}\r\n\r\nLLO",
                           range);
      }
      return std::string("HTTP/1.1 200 ok\r\nContent-Length: 5\r\nETag: \"v\"\r\n\r\nhe");
    });
    TestMirror test(server);
    EXPECT_EQ(content(test.get("/x")), "he") << range;
  }
}

TEST(Mirror, ServesTheCopyWhileItsUpstreamFails) {
  std::atomic<bool> works = true;
  const TestWebServer server([&](const auto&) {
    return works ? test_answer(200, "hello", "Cache-Control: no-cache\r\nETag: \"1\"\r\n")
                 : test_answer(503, "");
  });
  TestMirror test(server);
  EXPECT_EQ(content(test.get("/x")), "hello");
  works = false;
  for (int i = 0; i < 3; ++i) {
    auto found = test.get("/x");
    while (found.how == How::joined) found = test.get("/x");
    EXPECT_EQ(found.how, How::stale);
    EXPECT_EQ(content(found), "hello");
  }
  // What failed is not tried again at once.
  EXPECT_THAT(server.requests(), SizeIs(2));
  EXPECT_THAT(content(test.get("/y")), HasSubstr("502 The upstream can't be asked"));
}

TEST(Mirror, KeepsItsCopyUntilTheFileIsGone) {
  std::atomic<int> status = 200;
  const TestWebServer server([&](const auto&) {
    return status == 200 ? test_answer(200, "hello", "Cache-Control: no-cache\r\n")
                         : test_answer(status, "");
  });
  Mirror::Waits waits;
  waits.failure = milliseconds(0);
  TestMirror test(server, waits);
  EXPECT_EQ(content(test.get("/x")), "hello");
  test.await_end();
  status = 403;
  EXPECT_EQ(test.get("/x").how, How::stale);
  status = 404;
  EXPECT_EQ(test.get("/x").status, 404);
  status = 403;
  EXPECT_EQ(test.get("/x").status, 403);
}

TEST(Mirror, GivesUpWhoSendsTooSlowly) {
  const TestWebServer server([](const auto&) {
    return std::string("HTTP/1.1 200 ok\r\nContent-Length: 5\r\nETag: \"v\"\r\n\r\nhe");
  });
  auto times = quick();
  times.stretch = milliseconds(0);
  TestMirror test(server, {}, times);
  EXPECT_EQ(content(test.get("/x")), "he");
  EXPECT_THAT(server.requests(), SizeIs(1));
}

TEST(Mirror, ServesWhatIsPinnedOnlyIfItIsRight) {
  std::atomic<bool> right = false;
  const TestWebServer server(
      [&](const auto&) { return test_answer(200, right ? "hello" : "jello"); });
  Mirror::Waits waits;
  waits.mismatch = std::chrono::hours(1);
  TestMirror test(server, waits);
  test.pin("/x", hello_sum);
  EXPECT_THAT(content(test.get("/x")), HasSubstr("502 It is not the file that a profile wants"));
  EXPECT_THAT(content(test.get("/x")), HasSubstr("502"));
  EXPECT_THAT(server.requests(), SizeIs(1));
  right = true;
  test.pin("/x", hello_sum);
  EXPECT_EQ(content(test.get("/x")), "hello");
  EXPECT_EQ(test.get("/x").how, How::hit);
  // Another file is wanted than the one that is here.
  test.pin("/x", std::string(64, 'a'));
  EXPECT_THAT(content(test.get("/x")), HasSubstr("502"));
}

TEST(Mirror, GivesWhatIsWantedWhateverIsPinned) {
  std::atomic<bool> newer = false;
  const TestWebServer server(
      [&](const auto&) { return test_answer(200, newer ? "jello" : "hello"); });
  TestMirror test(server);
  test.pin("/x", hello_sum);
  EXPECT_EQ(content(test.get("/x")), "hello");
  newer = true;
  EXPECT_EQ(content(test.get("/x")), "hello");
  mirror::Sha256 sum;
  sum.add("jello");
  EXPECT_EQ(content(test.get("/x", sum.hex())), "jello");
  EXPECT_EQ(content(test.get("/x", "")), "jello");
  EXPECT_THAT(content(test.get("/x")), HasSubstr("502 It is not the file that a profile wants"));
}

TEST(Mirror, KeepsBackWhatIsPinnedWhileItComes) {
  for (const auto* body : {"hello", "jello"}) {
    HeldWebServer server(test_answer(200, body));
    TestMirror test(server);
    test.ask("/x");
    server.requests(1);
    test.pin("/x", hello_sum);
    test.ask("/x");
    server.release();
    const auto& answers = test.answers(2);
    EXPECT_EQ(content(answers[0]), body);
    EXPECT_TRUE(answers[0].growing);
    EXPECT_FALSE(answers[1].growing);
    EXPECT_THAT(content(answers[1]),
                std::string(body) == "hello"
                    ? HasSubstr("hello")
                    : HasSubstr("502 It is not the file that a profile wants"));
    EXPECT_THAT(server.requests(), SizeIs(1));
  }
}

TEST(Mirror, FetchesAnewWhatItsFolderLost) {
  const TestWebServer server([](const std::string& request) {
    if (request.find("If-None-Match") != std::string::npos) return test_answer(304, "");
    return test_answer(200, "hello", "Cache-Control: no-cache\r\nETag: \"1\"\r\n");
  });
  TestMirror test(server);
  const auto first = test.get("/x");
  EXPECT_EQ(content(first), "hello");
  test.await_end();
  test.lose_bytes(*first.entry);
  EXPECT_EQ(content(test.get("/x")), "hello");
  EXPECT_THAT(server.requests(), SizeIs(2));
}

TEST(Mirror, SendsAwayWhoWaitsForLong) {
  std::latch gate(1);
  const TestWebServer server([&](const auto&) {
    gate.wait();
    return test_answer(200, "hello");
  });
  Mirror::Waits waits;
  waits.answer = milliseconds(50);
  TestMirror test(server, waits);
  const auto found = test.get("/x");
  EXPECT_EQ(found.status, 503);
  EXPECT_TRUE(found.retry_after);
  gate.count_down();
}

TEST(Mirror, CallsBackAtItsEnd) {
  std::latch gate(1);
  const TestWebServer server([&](const auto&) {
    gate.wait();
    return std::string();
  });
  std::vector<int> statuses;
  {
    TestMirror test(server);
    for (int i = 0; i < 3; ++i) {
      test.mirror.ask(http::Url::parse(server.url("/x")).value(),
                      [&](const Mirrored& found) { statuses.push_back(found.status); });
    }
    server.requests(1);
  }
  EXPECT_THAT(statuses, ElementsAre(503, 503, 503));
  gate.count_down();
}

}  // namespace
}  // namespace pixie::net
