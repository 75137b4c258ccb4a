#include "events/stream.h"

#include <future>
#include <set>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "events/catalogue.h"

namespace pixie::events {
namespace {

using testing::ElementsAre;

/// Keeps what it got of the kinds up to a severity.
class Collector final : public View {
 public:
  explicit Collector(Severity level = debug) : level(level) {}
  bool wants(const Kind& kind) const override { return kind.severity <= level; }
  void take(const Record& record) override {
    ids.emplace_back(record.kind.id);
    if (on_take) on_take(record);
  }
  void rest() override { ++rests; }

  std::atomic<Severity> level;
  std::function<void(const Record&)> on_take;
  std::vector<std::string> ids;
  int rests = 0;
};

TEST(Stream, HandsOutInOrderWithFieldsAndTime) {
  Collector view;
  std::string text;
  double bytes = 0;
  double seconds = 0;
  std::chrono::system_clock::time_point when;
  view.on_take = [&](const Record& record) {
    if (&record.kind != &tftp_done) return;
    text = std::string(record.text("file")) + "|" + std::string(record.text("client")) + "|" +
           std::string(record.text("bytes")) + std::string(record.text("no such"));
    bytes = record.number("bytes");
    seconds = record.number("seconds") + record.number("file") + record.number("no such");
    when = record.when;
  };
  const auto before = std::chrono::system_clock::now();
  {
    Stream stream;
    stream.add(view);
    std::string passing = "linux";
    stream.emit(tftp_done,
                {{"file", passing}, {"bytes", 7}, {"seconds", 0.25}, {"client", "192.0.2.7:5"}});
    passing = "gone!";
    stream.emit(http_done, {});
    stream.emit(ready, {{"empty", ""}});
  }
  EXPECT_THAT(view.ids, ElementsAre("tftp.done", "http.done", "pixie.ready"));
  EXPECT_EQ(text, "linux|192.0.2.7:5|");
  EXPECT_EQ(bytes, 7);
  EXPECT_EQ(seconds, 0.25);
  EXPECT_GE(when, before);
  EXPECT_LE(when, std::chrono::system_clock::now());
  EXPECT_GE(view.rests, 1);
}

TEST(Stream, AsksTheViewsWhatTheyWant) {
  Collector errors(error);
  Collector more(info);
  {
    Stream stream;
    EXPECT_FALSE(stream.wants(tftp_failed));
    stream.add(errors);
    EXPECT_TRUE(stream.wants(tftp_failed));
    EXPECT_FALSE(stream.wants(http_done));
    stream.add(more);
    EXPECT_TRUE(stream.wants(http_done));
    EXPECT_FALSE(stream.wants(tftp_started));
    stream.emit(tftp_started, {});
    stream.emit(http_done, {});
    stream.emit(tftp_failed, {});
  }
  EXPECT_THAT(errors.ids, ElementsAre("tftp.failed"));
  EXPECT_THAT(more.ids, ElementsAre("http.done", "tftp.failed"));
}

TEST(Stream, FollowsAViewThatChangesItsMind) {
  Collector view(error);
  Stream stream;
  stream.add(view);
  view.level = debug;
  stream.views_changed();
  EXPECT_TRUE(stream.wants(tftp_started));
  stream.remove(view);
  EXPECT_FALSE(stream.wants(tftp_failed));
}

TEST(Stream, CallsARemovedViewNoMore) {
  Collector stays;
  std::promise<void> came;
  stays.on_take = [&](const Record& record) {
    if (&record.kind == &http_done) came.set_value();
  };
  Stream stream;
  stream.add(stays);
  {
    auto gone = std::make_unique<Collector>();
    stream.add(*gone);
    stream.emit(tftp_done, {});
    stream.remove(*gone);
  }
  stream.emit(http_done, {});
  came.get_future().wait();
  stream.remove(stays);
  EXPECT_THAT(stays.ids, ElementsAre("tftp.done", "http.done"));
}

TEST(Stream, DrainsWhatWasEmittedBefore) {
  Collector view;
  Stream stream;
  stream.add(view);
  stream.drain();
  for (std::size_t count = 1; count <= 20; ++count) {
    stream.emit(tftp_done, {});
    stream.drain();
    EXPECT_EQ(view.ids.size(), count);
  }
}

TEST(Stream, GivesAViewEachEventOnceHoweverOftenItWasAdded) {
  Collector view;
  {
    Stream stream;
    stream.add(view);
    stream.add(view);
    stream.emit(http_done, {});
  }
  EXPECT_THAT(view.ids, ElementsAre("http.done"));
}

TEST(Stream, LetsAViewEmit) {
  Collector view;
  std::promise<void> came;
  Stream stream;
  view.on_take = [&](const Record& record) {
    if (&record.kind == &http_done) stream.emit(tftp_done, {});
    if (&record.kind == &tftp_done) came.set_value();
  };
  stream.add(view);
  stream.emit(http_done, {});
  came.get_future().wait();
  stream.remove(view);
}

TEST(Stream, DropsAndCountsWhatIsTooMuch) {
  constexpr int events = 100'000;
  std::promise<void> let_go;
  std::promise<void> held;
  Collector view;
  double told = 0;
  view.on_take = [&, first = true](const Record& record) mutable {
    if (std::exchange(first, false)) {
      held.set_value();
      let_go.get_future().wait();
    }
    if (&record.kind == &events_dropped) told += record.number("count");
  };
  std::uint64_t dropped = 0;
  {
    Stream stream;
    stream.add(view);
    stream.emit(ready, {});
    held.get_future().wait();
    const std::string text(1000, 'x');
    for (int i = 0; i < events; ++i) stream.emit(http_done, {{"path", text}});
    dropped = stream.dropped();
    let_go.set_value();
  }
  EXPECT_GT(dropped, 0U);
  EXPECT_EQ(told, static_cast<double>(dropped));
  EXPECT_EQ(static_cast<std::uint64_t>(std::ranges::count(view.ids, "http.done")),
            events - dropped);
}

TEST(Stream, TakesFromManyThreads) {
  Collector view;
  {
    Stream stream;
    stream.add(view);
    std::vector<std::thread> threads;
    threads.reserve(4);
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&stream] {
        for (int i = 0; i < 2000; ++i) stream.emit(http_done, {{"n", i}, {"path", "/extra/linux"}});
      });
    }
    for (auto& thread : threads) thread.join();
  }
  EXPECT_EQ(view.ids.size(), 8000U);
}

}  // namespace
}  // namespace pixie::events
