#include "api/feed.h"

#include <array>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/testing.h"

namespace pixie::api {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

const auto mac = wire::Mac::parse("525400abcdef").value();
constexpr events::Kind noted{"test.noted", events::Severity::info, "Something."};
constexpr events::Kind detail{"test.detail", events::Severity::debug, "A detail."};
constexpr events::Kind alarm{"test.alarm", events::Severity::error, "An alarm."};

/// Somebody who listens, and what came.
struct Listener {
  std::shared_ptr<int> life = std::make_shared<int>();
  std::vector<std::string> heard;
  bool stays = true;
};

class FeedTest : public testing::Test {
 protected:
  void listen(Listener& listener, const Filter& filter = {}) {
    feed.subscribe(filter, listener.life, [&listener](const Feed::Text& text) {
      listener.heard.push_back(*text);
      return listener.stays;
    });
  }
  void tell(const events::Kind& kind, std::string_view about = "") {
    const std::array<events::Field, 1> fields{events::Field{"mac", about}};
    feed.take({kind, {}, fields});
  }

  TestOffice office;
  Feed feed{office};
};

TEST_F(FeedTest, MakesServerSentEvents) {
  Listener listener;
  listen(listener);
  office.the_mistakes = {{"pixie.toml", 1, 2, "no\nsuch key", "x"}};
  feed.publish_problems();
  EXPECT_THAT(listener.heard,
              ElementsAre("event: problems\ndata: {\"problems\":[{\"file\":\"pixie.toml\","
                          "\"line\":1,\"column\":2,\"text\":\"no\\nsuch key\",\"excerpt\":\"x\"}]}"
                          "\n\n"));
}

TEST_F(FeedTest, WantsOfTheLogWhatAnybodyWants) {
  EXPECT_FALSE(feed.wants(alarm));
  Listener quiet;
  listen(quiet, {.level = events::Severity::error});
  EXPECT_TRUE(feed.wants(alarm));
  EXPECT_FALSE(feed.wants(noted));
  {
    Listener curious;
    listen(curious, {.level = events::Severity::debug});
    EXPECT_TRUE(feed.wants(detail));
  }
  tell(alarm);
  EXPECT_FALSE(feed.wants(noted));
}

TEST_F(FeedTest, GivesEachWhatItsFilterLetsThrough) {
  Listener all, grave, one, machines_only;
  listen(all, {.level = events::Severity::debug});
  listen(grave, {.level = events::Severity::warning});
  listen(one, {.mac = mac});
  listen(machines_only, {.log = false, .problems = false});
  tell(detail);
  tell(noted, "52:54:00:ab:cd:ef");
  tell(alarm, "52:54:00:00:00:01");
  registry::MachineView view;
  view.row.mac = mac;
  feed.publish_machine(view);
  feed.publish_problems();
  EXPECT_THAT(all.heard, SizeIs(5));
  EXPECT_THAT(grave.heard, ElementsAre(StartsWith("event: log\n"), StartsWith("event: machine\n"),
                                       StartsWith("event: problems\n")));
  EXPECT_THAT(one.heard, ElementsAre(StartsWith("event: log\n"), StartsWith("event: machine\n"),
                                     StartsWith("event: problems\n")));
  EXPECT_THAT(machines_only.heard, ElementsAre(StartsWith("event: machine\n")));
}

TEST_F(FeedTest, TellsWhichMachineWasForgotten) {
  Listener one, another, no_machines;
  listen(one, {.mac = mac});
  listen(another, {.mac = wire::Mac::parse("525400000001")});
  listen(no_machines, {.machine = false});
  feed.publish_forgotten(mac);
  EXPECT_THAT(one.heard,
              ElementsAre("event: forgotten\ndata: {\"mac\":\"52:54:00:ab:cd:ef\"}\n\n"));
  EXPECT_THAT(another.heard, IsEmpty());
  EXPECT_THAT(no_machines.heard, IsEmpty());
}

TEST_F(FeedTest, ForgetsWhoIsGone) {
  Listener ended, refuses, stays;
  refuses.stays = false;
  for (auto* listener : {&ended, &refuses, &stays}) listen(*listener);
  ended.life.reset();
  tell(noted);
  EXPECT_EQ(feed.listeners(), 1);
  tell(noted);
  EXPECT_THAT(ended.heard, IsEmpty());
  EXPECT_THAT(refuses.heard, SizeIs(1));
  EXPECT_THAT(stays.heard, SizeIs(2));
}

TEST_F(FeedTest, ThoseWhoLeftSilentlyDoNotPileUp) {
  for (int i = 0; i < 3; ++i) {
    Listener listener;
    listen(listener);
  }
  Listener last;
  listen(last);
  EXPECT_EQ(feed.listeners(), 1);
}

}  // namespace
}  // namespace pixie::api
