#include "registry/pending.h"

#include <map>

#include <gmock/gmock.h>

#include "registry/testing.h"
#include "store/testing.h"

namespace pixie::registry {
namespace {

using machines::Fact;
using store::mac;
using ::testing::SizeIs;
using namespace std::chrono_literals;

const events::Time noon{std::chrono::seconds(1'700'000'000)};

class PendingTest : public testing::Test {
 protected:
  Sighting seen(unsigned machine, std::string_view hostname, bool news) const {
    Sighting sighting{.mac = mac(machine), .identity = {}, .news = news, .when = noon};
    sighting.identity.learn(Fact::hostname, hostname, machines::Source::claimed);
    return sighting;
  }
  events::Boot boot(unsigned machine, std::uint64_t bytes) const {
    events::Boot boot;
    boot.mac = mac(machine);
    boot.started = boot.updated = noon;
    boot.bytes_sent = bytes;
    return boot;
  }
  void under_way(const events::Boot& boot) {
    live_[boot.mac] = boot;
    pending_.under_way(boot.mac, now_);
  }
  void end(const events::Boot& boot) {
    live_.erase(boot.mac);
    pending_.ended(boot, now_);
  }
  bool write() { return pending_.write(store_, now_).has_value(); }
  /// Goes to the next moment at which something is to be written, and writes.
  bool write_when_due() {
    now_ = std::max(now_, pending_.due().value());
    return write();
  }

  const std::shared_ptr<std::atomic<bool>> full_ = std::make_shared<std::atomic<bool>>(false);
  BreakableStore store_{full_};
  std::map<wire::Mac, events::Boot> live_;
  Pending pending_{[this](const wire::Mac& mac) {
    const auto found = live_.find(mac);
    return found == live_.end() ? nullptr : &found->second;
  }};
  Pending::Moment now_ = Pending::Moment{} + 24h;
};

TEST_F(PendingTest, NothingIsDueAtFirst) { EXPECT_FALSE(pending_.due()); }

TEST_F(PendingTest, WhatComesTogetherIsWrittenTogether) {
  pending_.saw(seen(1, "a", true), now_);
  pending_.saw(seen(2, "b", true), now_ + 50ms);
  EXPECT_EQ(pending_.due(), now_ + 100ms);
  ASSERT_TRUE(write_when_due());
  EXPECT_EQ(store_.count(), 2U);
  EXPECT_FALSE(pending_.due());
}

TEST_F(PendingTest, AMachineOfWhichNothingIsNewIsWrittenOnceAMinute) {
  for (auto start = now_; now_ < start + 150s; now_ += 1s) {
    pending_.saw(seen(1, "a", now_ == start), now_);
    if (pending_.due()) ASSERT_TRUE(pending_.write(store_, now_ + 100ms));
    if ((now_ - start) % 7s == 0s) pending_.tidy(now_);
  }
  EXPECT_EQ(store_.sightings_written, 3U);
}

TEST_F(PendingTest, NewsAreWrittenAtOnce) {
  for (const auto* name : {"a", "b", "c"}) {
    pending_.saw(seen(1, name, true), now_);
    ASSERT_TRUE(write_when_due());
    EXPECT_EQ(store_.machine(mac(1)).value()->identity[Fact::hostname], name);
  }
}

TEST_F(PendingTest, ABootHasItsIdSoonAndIsWrittenOnceASecond) {
  under_way(boot(1, 0));
  EXPECT_EQ(pending_.id_of(mac(1)), 0U);
  ASSERT_TRUE(write_when_due());
  const auto id = pending_.id_of(mac(1));
  EXPECT_NE(id, 0U);
  for (int i = 1; i <= 400; ++i) {
    now_ += 10ms;
    under_way(boot(1, static_cast<unsigned>(i)));
    if (pending_.due() <= now_) ASSERT_TRUE(write());
  }
  EXPECT_LE(store_.boots_written, 6U);
  EXPECT_GE(store_.boots_written, 4U);
  if (pending_.due()) ASSERT_TRUE(write_when_due());
  EXPECT_THAT(store_.boots(mac(1)).value(), SizeIs(1));
  EXPECT_EQ(store_.last_boot(mac(1), false).value()->bytes_sent, 400U);
  EXPECT_EQ(pending_.id_of(mac(1)), id);
}

TEST_F(PendingTest, ABootThatEndsAndTheNextAreTwo) {
  under_way(boot(1, 1));
  auto last = boot(1, 2);
  last.outcome = events::Outcome::superseded;
  end(last);
  under_way(boot(1, 3));
  ASSERT_TRUE(write_when_due());
  end(boot(1, 4));
  ASSERT_TRUE(write_when_due());
  const auto boots = store_.boots(mac(1)).value();
  ASSERT_THAT(boots, SizeIs(2));
  EXPECT_EQ(boots[0].bytes_sent, 4U);
  EXPECT_EQ(boots[1].bytes_sent, 2U);
  EXPECT_EQ(pending_.id_of(mac(1)), 0U);
}

TEST_F(PendingTest, WhatCanNotBeWrittenWaits) {
  *full_ = true;
  pending_.saw(seen(1, "a", true), now_);
  under_way(boot(2, 1));
  end(boot(3, 1));
  auto pause = 0s;
  for (int i = 0; i < 10; ++i) {
    ASSERT_FALSE(write_when_due());
    EXPECT_TRUE(pending_.pausing(now_));
    const auto next = std::chrono::duration_cast<std::chrono::seconds>(*pending_.due() - now_);
    EXPECT_GE(next, pause);
    pause = next;
  }
  EXPECT_EQ(pause, 60s);
  *full_ = false;
  ASSERT_TRUE(write_when_due());
  EXPECT_FALSE(pending_.pausing(now_));
  EXPECT_EQ(store_.count(), 3U);
  EXPECT_NE(pending_.id_of(mac(2)), 0U);
}

TEST_F(PendingTest, AStoreThatFailsForLongDoesNotFillTheMemory) {
  *full_ = true;
  for (unsigned i = 0; i < Pending::limit + 10; ++i) {
    auto sighting = seen(0, "a", true);
    sighting.mac.octets = {2,
                           0,
                           static_cast<std::uint8_t>(i >> 24),
                           static_cast<std::uint8_t>(i >> 16),
                           static_cast<std::uint8_t>(i >> 8),
                           static_cast<std::uint8_t>(i)};
    pending_.saw(sighting, now_);
  }
  *full_ = false;
  ASSERT_TRUE(write_when_due());
  EXPECT_EQ(store_.count(), Pending::limit);
}

TEST_F(PendingTest, AForgottenMachineIsNotWritten) {
  pending_.saw(seen(1, "a", true), now_);
  under_way(boot(1, 1));
  end(boot(1, 1));
  under_way(boot(1, 1));
  pending_.forget(mac(1));
  ASSERT_TRUE(write_when_due());
  EXPECT_EQ(store_.count(), 0U);
}

}  // namespace
}  // namespace pixie::registry
