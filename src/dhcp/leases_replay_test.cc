// Leases across a restart: damaged files, changed settings, compaction.
#include <gtest/gtest.h>

#include "dhcp/leases.h"
#include "dhcp/leases_testing.h"

namespace pixie::dhcp {
namespace {

using namespace std::chrono_literals;

Leases table(std::string_view first, std::string_view last, std::string_view network) {
  LeaseSettings settings;
  settings.ranges = {range(first, last, network)};
  settings.default_time = 1h;
  return Leases::make(settings).value();
}

Leases table() { return table("10.0.0.10", "10.0.0.19", "10.0.0.0/24"); }

bool lease(Leases& leases, const LeaseClient& client, Leases::Time now) {
  const auto offer = leases.offer(client, std::nullopt, now);
  return offer && leases.request(client, offer->address, RequestState::selecting, now);
}

TEST(LeasesReplay, AnAnswerIsInTheJournalFirst) {
  auto leases = table();
  auto client = machine(1);
  client.host_name = "node1";
  EXPECT_TRUE(leases.offer(client, {}, at(0s)));
  EXPECT_EQ(leases.take_journal(), "");
  EXPECT_TRUE(leases.request(client, ip("10.0.0.10"), RequestState::selecting, at(0s)));
  EXPECT_EQ(leases.take_journal(),
            "lease 10.0.0.10 52:54:00:00:00:01 01525400000001 1795003600 node1\n");
  EXPECT_EQ(leases.take_journal(), "");
  EXPECT_TRUE(leases.release(client, ip("10.0.0.10"), at(1s)));
  EXPECT_EQ(leases.take_journal(), "release 10.0.0.10 1795000001\n");
  EXPECT_FALSE(leases.request(client, ip("10.0.0.11"), RequestState::renewing, at(1s)));
  EXPECT_EQ(leases.take_journal(), "");
  EXPECT_TRUE(lease(leases, client, at(2s)));
  EXPECT_TRUE(leases.decline(client, ip("10.0.0.10"), at(3s)));
  EXPECT_EQ(leases.take_journal(),
            "lease 10.0.0.10 52:54:00:00:00:01 01525400000001 1795003602 node1\n"
            "decline 10.0.0.10 1795000603\n");
}

TEST(LeasesReplay, AnErrorChangesNothing) {
  auto leases = table();
  const std::string text =
      "pixie leases 1\n"
      "lease 10.0.0.10 52:54:00:00:00:01 01 1795003600 -\n"
      "rubbish\n";
  EXPECT_FALSE(leases.replay(text, at(0s)));
  EXPECT_EQ(leases.snapshot(at(0s)), "pixie leases 1\n");
}

TEST(LeasesReplay, RemembersWhoHadWhat) {
  auto before = table();
  EXPECT_TRUE(lease(before, machine(1), at(0s)));
  EXPECT_TRUE(lease(before, machine(2), at(10s)));
  auto after = table();
  EXPECT_TRUE(after.replay(before.snapshot(at(20s)), at(24h)));
  EXPECT_EQ(after.offer(machine(2), {}, at(24h))->address, ip("10.0.0.11"));
  EXPECT_FALSE(after.offer(machine(2), {}, at(24h))->check_first);
  EXPECT_EQ(after.offer(machine(3), {}, at(24h))->address, ip("10.0.0.12"));
}

TEST(LeasesReplay, KeepsLeasesOfNetworksThatAreNotSet) {
  auto before = table();
  EXPECT_TRUE(lease(before, machine(1), at(0s)));
  auto other = table("10.9.0.10", "10.9.0.19", "10.9.0.0/24");
  EXPECT_TRUE(other.replay(before.snapshot(at(0s)), at(1s)));
  EXPECT_EQ(other.counts(at(1s)).leased, 0U);
  EXPECT_EQ(other.snapshot(at(1s)), before.snapshot(at(1s)));
  EXPECT_EQ(other.snapshot(at(1h)), "pixie leases 1\n");
}

TEST(LeasesReplay, EndsALeaseThatTheSettingsNoLongerAllow) {
  auto before = table();
  EXPECT_TRUE(lease(before, machine(1), at(0s)));
  auto narrower = table("10.0.0.11", "10.0.0.19", "10.0.0.0/24");
  EXPECT_TRUE(narrower.replay(before.snapshot(at(0s)), at(1s)));
  EXPECT_EQ(narrower.counts(at(1s)).leased, 1U);
  EXPECT_EQ(narrower.request(machine(1), ip("10.0.0.10"), RequestState::renewing, at(2s)).error(),
            Refusal::not_available);
  EXPECT_EQ(narrower.take_journal(), "release 10.0.0.10 1795000002\n");
  EXPECT_EQ(narrower.offer(machine(1), {}, at(3s))->address, ip("10.0.0.11"));
  EXPECT_EQ(narrower.counts(at(3s)).leased, 0U);
}

TEST(LeasesReplay, AReservedAddressWaitsForTheEndOfAnotherLease) {
  auto before = table();
  EXPECT_TRUE(lease(before, machine(1), at(0s)));
  LeaseSettings settings;
  settings.ranges = {range("10.0.0.10", "10.0.0.19", "10.0.0.0/24")};
  settings.reservations = {{.mac = mac(2), .address = ip("10.0.0.10"), .host_name = ""}};
  auto after = Leases::make(settings).value();
  EXPECT_TRUE(after.replay(before.snapshot(at(0s)), at(1s)));
  EXPECT_TRUE(lease(after, machine(2), at(2s)));
  EXPECT_EQ(after.offer(machine(2), {}, at(3599s))->address, ip("10.0.0.11"));
  EXPECT_EQ(after.offer(machine(2), {}, at(3600s))->address, ip("10.0.0.10"));
  EXPECT_EQ(after.offer(machine(1), {}, at(3600s))->address, ip("10.0.0.12"));
}

TEST(LeasesReplay, ALeaseFromTheFutureEndsInTime) {
  auto leases = table();
  EXPECT_TRUE(
      leases.replay("pixie leases 1\n"
                    "lease 10.0.0.10 52:54:00:00:00:01 01 999999999999 -\n",
                    at(0s)));
  EXPECT_EQ(leases.counts(at(24h - 1s)).leased, 1U);
  EXPECT_EQ(leases.counts(at(24h)).leased, 0U);
}

TEST(LeasesReplay, SaysWhenCompactionPays) {
  auto leases = table();
  EXPECT_TRUE(lease(leases, machine(1), at(0s)));
  int renewals = 0;
  while (!leases.compaction_pays() && renewals < 5000) {
    ++renewals;
    EXPECT_TRUE(leases.request(machine(1), ip("10.0.0.10"), RequestState::renewing, at(1s)));
  }
  EXPECT_EQ(renewals, 1002);
  auto restarted = table();
  EXPECT_TRUE(restarted.replay("pixie leases 1\n" + leases.take_journal(), at(2s)));
  EXPECT_TRUE(restarted.compaction_pays());
  EXPECT_EQ(leases.snapshot(at(2s)),
            "pixie leases 1\n"
            "lease 10.0.0.10 52:54:00:00:00:01 01525400000001 1795003601 -\n");
  EXPECT_FALSE(leases.compaction_pays());
}

}  // namespace
}  // namespace pixie::dhcp
