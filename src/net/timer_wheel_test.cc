#include "net/timer_wheel.h"

#include <memory>
#include <vector>

#include <gtest/gtest.h>

namespace pixie::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Alarm final : Timed {
  TimePoint when;
  std::vector<TimePoint> rung;
  TimePoint deadline() const override { return when; }
  void on_deadline(TimePoint now) override { rung.push_back(now); }
};

const TimePoint start{seconds(1000)};

TEST(TimerWheel, RingsOnceNotBeforeTheDeadlineAndSoonAfter) {
  for (const auto wait : {milliseconds(0), milliseconds(1), milliseconds(20), milliseconds(215),
                          milliseconds(9999), milliseconds(10'240), milliseconds(61'003)}) {
    TimerWheel wheel(start);
    Alarm alarm;
    alarm.when = start + wait;
    wheel.add(alarm);
    for (auto now = start; now < start + seconds(90); now += milliseconds(7)) wheel.advance(now);
    ASSERT_EQ(alarm.rung.size(), 1U) << wait.count();
    EXPECT_GE(alarm.rung[0], alarm.when);
    EXPECT_LE(alarm.rung[0], alarm.when + 2 * TimerWheel::tick + milliseconds(7)) << wait.count();
  }
}

TEST(TimerWheel, TellsWhenItIsToBeAdvanced) {
  TimerWheel wheel(start);
  EXPECT_EQ(wheel.next(), TimePoint::max());
  Alarm late;
  late.when = start + seconds(25);
  const auto looked_at = wheel.add(late);
  EXPECT_LE(looked_at, late.when + TimerWheel::tick);
  EXPECT_EQ(wheel.next(), looked_at);
  late.when = start + seconds(30);
  EXPECT_EQ(wheel.add(late), TimePoint::max());
  Alarm soon;
  soon.when = start + milliseconds(310);
  EXPECT_EQ(wheel.add(soon), start + milliseconds(320));
  EXPECT_EQ(wheel.next(), start + milliseconds(320));
  int turns = 0;
  for (auto now = wheel.next(); now != TimePoint::max(); now = wheel.next(), ++turns)
    wheel.advance(now);
  EXPECT_EQ(soon.rung, std::vector{start + milliseconds(320)});
  ASSERT_EQ(late.rung.size(), 1U);
  EXPECT_GE(late.rung[0], late.when);
  EXPECT_LE(turns, 5);
}

TEST(TimerWheel, FollowsADeadlineThatMovesOn) {
  TimerWheel wheel(start);
  Alarm alarm;
  alarm.when = start + milliseconds(100);
  wheel.add(alarm);
  for (auto now = start; now < start + seconds(3); now += milliseconds(10)) {
    alarm.when = now + milliseconds(200);
    wheel.advance(now);
  }
  EXPECT_TRUE(alarm.rung.empty());
  wheel.advance(start + seconds(4));
  EXPECT_EQ(alarm.rung.size(), 1U);
}

TEST(TimerWheel, SurvivesAJumpAndObjectsThatGo) {
  TimerWheel wheel(start);
  Alarm stays;
  stays.when = start + seconds(5);
  wheel.add(stays);
  {
    Alarm goes;
    goes.when = start + seconds(5);
    wheel.add(goes);
  }
  wheel.advance(start + std::chrono::hours(5));
  EXPECT_EQ(stays.rung.size(), 1U);
}

TEST(TimerWheel, LetsAnObjectDestroyAnother) {
  struct Killer final : Timed {
    std::unique_ptr<Alarm> victim = std::make_unique<Alarm>();
    TimePoint deadline() const override { return start + seconds(1); }
    void on_deadline(TimePoint) override { victim.reset(); }
  };
  TimerWheel wheel(start);
  Killer killer;
  killer.victim->when = start + seconds(1);
  wheel.add(killer);
  wheel.add(*killer.victim);
  wheel.advance(start + seconds(2));
  EXPECT_EQ(killer.victim, nullptr);
}

}  // namespace
}  // namespace pixie::net
