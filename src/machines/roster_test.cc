#include "machines/roster.h"

#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace pixie::machines {
namespace {

Identity with_serial(std::string_view serial, Source source = Source::claimed) {
  Identity identity;
  identity.learn(Fact::serial, serial, source);
  return identity;
}

wire::Mac numbered(std::uint32_t number) {
  return {{2, 0, static_cast<std::uint8_t>(number >> 24), static_cast<std::uint8_t>(number >> 16),
           static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number)}};
}

TEST(Roster, KeepsWhatWasSeenAndAssigned) {
  Roster roster;
  const auto mac = numbered(1);
  EXPECT_EQ(roster.look_up(mac).seen, Identity{});
  roster.learn(mac, with_serial("A"));
  roster.assign(mac, {.profile = "debian", .once = "", .vars = {}});
  EXPECT_EQ(roster.look_up(mac).seen[Fact::serial], "A");
  EXPECT_EQ(roster.look_up(mac).assignment->profile, "debian");
  EXPECT_EQ(roster.look_up(numbered(2)).assignment, std::nullopt);
  roster.assign(mac, {});
  EXPECT_EQ(roster.look_up(mac).assignment, std::nullopt);
  EXPECT_EQ(roster.look_up(mac).seen[Fact::serial], "A");
  roster.forget(mac);
  EXPECT_EQ(roster.size(), 0U);
}

TEST(Roster, TellsWhetherAnythingIsNew) {
  Roster roster;
  const auto learn = [&](std::string_view serial, Source source) {
    return roster.learn(numbered(1), with_serial(serial, source));
  };
  EXPECT_TRUE(learn("S1", Source::claimed));
  EXPECT_FALSE(learn("S1", Source::claimed));
  EXPECT_TRUE(learn("S2", Source::claimed));
  EXPECT_TRUE(learn("S2", Source::observed));
  EXPECT_FALSE(learn("S3", Source::claimed));
  EXPECT_EQ(roster.look_up(numbered(1)).seen[Fact::serial], "S2");
}

TEST(Roster, AnAssignmentTakenBackLeavesNothingBehind) {
  Roster roster;
  roster.assign(numbered(1), {.profile = "", .once = "debian", .vars = {}});
  EXPECT_EQ(roster.size(), 1U);
  roster.assign(numbered(1), {});
  roster.assign(numbered(2), {});
  EXPECT_EQ(roster.size(), 0U);
}

TEST(Roster, MadeUpAddressesDoNotFillItWithoutEnd) {
  Roster roster;
  roster.assign(numbered(1), {.profile = "debian", .once = "", .vars = {}});
  for (std::uint32_t i = 0; i < Roster::seen_limit + 100'000; ++i) {
    roster.learn(numbered(i), with_serial("x"));
  }
  EXPECT_LE(roster.size(), Roster::seen_limit);
  EXPECT_TRUE(roster.look_up(numbered(1)).assignment);
}

TEST(Roster, IsUsedByManyThreads) {
  Roster roster;
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&roster, t] {
      for (std::uint32_t i = 0; i < 1000; ++i) {
        roster.learn(numbered(i), with_serial("S" + std::to_string(i)));
        if (t == 0) roster.assign(numbered(i), {.profile = "p", .once = "", .vars = {}});
        roster.look_up(numbered(i + 1));
      }
    });
  }
  threads.clear();
  EXPECT_EQ(roster.size(), 1000U);
  EXPECT_EQ(roster.look_up(numbered(7)).seen[Fact::serial], "S7");
  EXPECT_EQ(roster.look_up(numbered(7)).assignment->profile, "p");
}

}  // namespace
}  // namespace pixie::machines
