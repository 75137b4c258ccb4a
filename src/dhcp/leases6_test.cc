#include "dhcp/leases6.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "dhcp/goldens6_test.h"

namespace pixie::dhcp {
namespace {

using namespace test6;

using namespace std::chrono_literals;

const Leases6::Time start{1'800'000'000s};

Lease6Settings settings(std::string_view range) {
  return {.range = Range6::parse(range).value(), .excluded = {}};
}

LeaseKey6 key(unsigned client, std::uint32_t iaid = 1) {
  return {{std::byte{0}, static_cast<std::byte>(client)}, iaid};
}

TEST(Range6, ReadsRangesAndPrefixes) {
  const auto pair = Range6::parse("fd77::100-fd77::1ff");
  ASSERT_TRUE(pair) << pair.error().text;
  EXPECT_EQ(pair->first, ip("fd77::100"));
  EXPECT_EQ(pair->last, ip("fd77::1ff"));
  EXPECT_TRUE(pair->link.contains(ip("fd77::ffff:1")));
  EXPECT_FALSE(pair->link.contains(ip("fd77:0:0:1::1")));
  const auto prefix = Range6::parse("fd77::5/64");
  ASSERT_TRUE(prefix) << prefix.error().text;
  EXPECT_EQ(prefix->first, ip("fd77::1"));
  EXPECT_EQ(prefix->last, ip("fd77::ffff:ffff:ffff:ffff"));
  const auto small = Range6::parse("fd77::10/126");
  ASSERT_TRUE(small);
  EXPECT_EQ(small->first, ip("fd77::11"));
  EXPECT_EQ(small->last, ip("fd77::13"));
  for (const auto bad :
       {"", "fd77::1", "fd77::/63", "fd77::/127", "fd77::/129", "10.0.0.0/24", "fd77::2-fd77::1",
        "fd77::1-fd78::1", "fd77::1-", "-fd77::1", "10.0.0.1-10.0.0.9", "x-y"}) {
    EXPECT_FALSE(Range6::parse(bad)) << bad;
  }
}

TEST(Leases6, ChoosesTheSameAddressWithoutMemory) {
  Leases6 one(settings("fd77::/64"));
  Leases6 other(settings("fd77::/64"));
  const auto address = one.offer(key(1), {}, start);
  ASSERT_TRUE(address);
  EXPECT_EQ(other.offer(key(1), {}, start), address);
  EXPECT_NE(other.offer(key(2), {}, start), address);
  EXPECT_NE(other.offer(key(1, 2), {}, start), address);
  EXPECT_EQ(one.size(), 0U) << "an offer is not remembered";
}

TEST(Leases6, KeepsALeaseUntilItEnds) {
  Leases6 leases(settings("fd77::100-fd77::1ff"));
  const auto grant = leases.assign(key(1), ip("fd77::120"), start);
  ASSERT_TRUE(grant);
  EXPECT_EQ(grant->address, ip("fd77::120"));
  EXPECT_EQ(grant->journal, "lease fd77::120 0001 00000001 1800003600\n");
  EXPECT_EQ(leases.assign(key(1), ip("fd77::130"), start + 3599s)->address, ip("fd77::120"));
  EXPECT_NE(leases.offer(key(2), ip("fd77::120"), start + 7198s), ip("fd77::120"));
  EXPECT_EQ(leases.find(key(1), start + 7198s), ip("fd77::120"));
  EXPECT_FALSE(leases.find(key(1), start + 7199s));
  EXPECT_EQ(leases.offer(key(2), ip("fd77::120"), start + 7199s), ip("fd77::120"));
}

TEST(Leases6, GivesOnlyFreeAddressesOfTheRange) {
  auto few = settings("fd77::1-fd77::4");
  few.excluded = {ip("fd77::2")};
  Leases6 leases(few);
  std::set<wire::IpAddress> given;
  for (unsigned client = 0; client < 3; ++client) {
    const auto grant = leases.assign(key(client), ip("fd77::2"), start);
    ASSERT_TRUE(grant) << client;
    given.insert(grant->address);
  }
  EXPECT_THAT(given, testing::ElementsAre(ip("fd77::1"), ip("fd77::3"), ip("fd77::4")));
  EXPECT_FALSE(leases.assign(key(9), {}, start));
  EXPECT_TRUE(leases.assign(key(1), {}, start)) << "who has one keeps it";
  EXPECT_TRUE(leases.assign(key(9), {}, start + 3600s));
}

TEST(Leases6, BoundsItsMemory) {
  auto bounded = settings("fd77::/64");
  bounded.max_leases = 2;
  Leases6 leases(bounded);
  EXPECT_TRUE(leases.assign(key(1), {}, start));
  EXPECT_TRUE(leases.assign(key(2), {}, start));
  EXPECT_FALSE(leases.assign(key(3), {}, start));
  EXPECT_TRUE(leases.assign(key(2), {}, start));
}

TEST(Leases6, ReleasesAndDeclinesOnlyForTheHolder) {
  Leases6 leases(settings("fd77::1-fd77::1"));
  const auto one = ip("fd77::1");
  ASSERT_TRUE(leases.assign(key(1), {}, start));
  EXPECT_FALSE(leases.release(key(2), one, start));
  EXPECT_FALSE(leases.release(key(1), ip("fd77::2"), start));
  EXPECT_FALSE(leases.decline(key(2), one, start));
  EXPECT_EQ(leases.release(key(1), one, start), "release fd77::1\n");
  EXPECT_FALSE(leases.release(key(1), one, start));

  ASSERT_TRUE(leases.assign(key(2), {}, start));
  EXPECT_EQ(leases.decline(key(2), one, start), "decline fd77::1 1800000600\n");
  EXPECT_FALSE(leases.assign(key(1), {}, start + 599s));
  EXPECT_TRUE(leases.assign(key(1), {}, start + 600s));
}

TEST(Leases6, RefusesJournalsItDoesNotUnderstand) {
  const std::string header(Leases6::journal_header);
  const std::pair<std::string, const char*> cases[] = {
      {"pixie leases6 2\n", "line 1: expected 'pixie leases6 1'"},
      {"\n", "line 1"},
      {header + "lease fd77::1 0001 00000001\n", "line 2: expected 'lease"},
      {header + "lease fd77::1 001 00000001 5\n", "line 2"},
      {header + "lease fd77::1 0001 x 5\n", "line 2"},
      {header + "lease x 0001 00000001 5\n", "line 2"},
      {header + "release fd77::1\ngrant fd77::1\n", "line 3"},
      {header + "decline fd77::1\n", "line 2"},
      {header + "decline fd77::1 soon\n", "line 2"},
      {header + "\n", "line 2"},
  };
  for (const auto& [journal, what] : cases) {
    Leases6 leases(settings("fd77::/64"));
    ASSERT_TRUE(leases.assign(key(7), {}, start));
    const auto replayed = leases.replay(journal, start);
    ASSERT_FALSE(replayed) << journal;
    EXPECT_THAT(replayed.error().text, testing::HasSubstr(what)) << journal;
    EXPECT_EQ(leases.size(), 1U) << "unchanged";
  }
}

TEST(Leases6, ForgetsAddressesThatLeftTheRange) {
  Leases6 leases(settings("fd77::1-fd77::9"));
  ASSERT_TRUE(leases.replay(std::string(Leases6::journal_header) +
                                "lease fd77::5 0001 00000001 1800000001\n"
                                "lease fd99::5 0002 00000001 1800000001\n"
                                "lease fd77::6 0003 00000001 1799999999\n",
                            start));
  EXPECT_EQ(leases.size(), 1U);
  EXPECT_EQ(leases.find(key(1), start), ip("fd77::5"));
}

/// Any operations; returns the journal.
std::string any_history(Leases6& leases, Leases6::Time& now) {
  std::string journal(Leases6::journal_header);
  for (auto count = *rc::gen::inRange(0, 60); count > 0; --count) {
    now += std::chrono::seconds(*rc::gen::element(0, 1, 500, 3000));
    const auto who = key(*rc::gen::inRange(0U, 12U));
    const auto held = leases.find(who, now);
    const auto any = leases.settings().range.first;
    switch (*rc::gen::inRange(0, 4)) {
      case 0:
        journal += leases.release(who, held.value_or(any), now).value_or("");
        break;
      case 1:
        journal += leases.decline(who, held.value_or(any), now).value_or("");
        break;
      default:
        if (const auto grant = leases.assign(who, any, now)) journal += grant->journal;
    }
  }
  return journal;
}

RC_GTEST_PROP(Leases6, GiveNoAddressTwiceAndReplayToTheSame, ()) {
  Leases6 leases(settings("fd77::1-fd77::8"));
  auto now = start;
  const auto journal = any_history(leases, now);
  std::set<wire::IpAddress> held;
  std::size_t holders = 0;
  for (unsigned client = 0; client < 12; ++client) {
    if (const auto address = leases.find(key(client), now)) held.insert(*address), ++holders;
  }
  RC_ASSERT(held.size() == holders);
  RC_ASSERT(leases.size() == holders);
  Leases6 replayed(settings("fd77::1-fd77::8"));
  RC_ASSERT(replayed.replay(journal, now).has_value());
  RC_ASSERT(replayed.snapshot(now) == leases.snapshot(now));
  Leases6 compacted(settings("fd77::1-fd77::8"));
  RC_ASSERT(compacted.replay(leases.snapshot(now), now).has_value());
  RC_ASSERT(compacted.snapshot(now) == leases.snapshot(now));
}

RC_GTEST_PROP(Leases6, ReplayJournalsTornAnywhere, ()) {
  Leases6 leases(settings("fd77::1-fd77::8"));
  auto now = start;
  const auto journal = any_history(leases, now);
  const auto torn = journal.substr(0, *rc::gen::inRange(0UZ, journal.size() + 1));
  const auto whole = torn.substr(0, torn.rfind('\n') + 1);
  Leases6 after_crash(settings("fd77::1-fd77::8"));
  Leases6 expected(settings("fd77::1-fd77::8"));
  RC_ASSERT(after_crash.replay(torn, now).has_value());
  RC_ASSERT(expected.replay(whole, now).has_value());
  RC_ASSERT(after_crash.snapshot(now) == expected.snapshot(now));
}

}  // namespace
}  // namespace pixie::dhcp
