// The lease table: who gets what, for how long, and who is refused.
#include "dhcp/leases.h"

#include <gtest/gtest.h>

#include "dhcp/leases_testing.h"

namespace pixie::dhcp {
namespace {

using namespace std::chrono_literals;

/// 10.0.0.10 to .13 for all, .5 reserved outside the range and .11 inside; and a second network.
LeaseSettings settings() {
  LeaseSettings settings;
  settings.ranges = {range("10.0.0.10", "10.0.0.13", "10.0.0.0/24"),
                     range("10.1.0.10", "10.1.0.10", "10.1.0.0/16")};
  settings.reservations = {{.mac = mac(5), .address = ip("10.0.0.5"), .host_name = "five"},
                           {.mac = mac(11), .address = ip("10.0.0.11"), .host_name = ""}};
  settings.excluded = {ip("10.0.0.10")};
  settings.default_time = 1h;
  return settings;
}

class LeasesTest : public testing::Test {
 protected:
  std::string offer(const LeaseClient& client, std::chrono::seconds now,
                    std::string_view wanted = {}) {
    const auto wish = wanted.empty() ? std::nullopt : std::optional(ip(wanted));
    const auto offer = leases.offer(client, wish, at(now));
    if (!offer) return std::string(describe(offer.error()));
    return offer->address.text() + (offer->check_first ? " check" : "");
  }

  std::string request(const LeaseClient& client, std::string_view address, RequestState state,
                      std::chrono::seconds now) {
    const auto grant = leases.request(client, ip(address), state, at(now));
    return grant ? std::to_string(grant->time.count()) : std::string(describe(grant.error()));
  }

  /// DISCOVER and REQUEST.
  std::string lease(const LeaseClient& client, std::chrono::seconds now) {
    const auto offer = leases.offer(client, std::nullopt, at(now));
    if (!offer) return std::string(describe(offer.error()));
    EXPECT_TRUE(leases.request(client, offer->address, RequestState::selecting, at(now)));
    return offer->address.text();
  }

  Leases leases = Leases::make(settings()).value();
};

constexpr auto empty =
    "no address of a range in the client's network is free: set or widen one, or shorten the lease "
    "time";
constexpr auto in_use = "the address is another client's";
constexpr auto not_available =
    "the address is in no range, excluded, or reserved for another machine";
constexpr auto wrong_network = "the address isn't of the network that the client is on";
constexpr auto unknown = "nothing is known about this client and address";
constexpr auto elsewhere = "another address is reserved for the client";

using State = RequestState;

TEST_F(LeasesTest, GivesWhatIsNeitherReservedNorExcluded) {
  EXPECT_EQ(lease(machine(1), 0s), "10.0.0.12");
  EXPECT_EQ(lease(machine(2), 0s), "10.0.0.13");
  EXPECT_EQ(lease(machine(3), 0s), empty);
  EXPECT_EQ(lease(machine(5), 0s), "10.0.0.5");
  EXPECT_EQ(lease(machine(11), 0s), "10.0.0.11");
}

TEST_F(LeasesTest, ChoosesTheRangeByTheNetworkOfTheClient) {
  auto client = machine(1);
  client.link = ip("10.1.200.1");
  EXPECT_EQ(lease(client, 0s), "10.1.0.10");
  client.link = ip("10.2.0.1");
  EXPECT_EQ(lease(client, 0s), "no range is set for the network that the client is on");
  client.link = ip("10.0.0.1");
  EXPECT_EQ(request(client, "10.1.0.10", State::renewing, 1s), wrong_network);
  // The address of the other network is still its own.
  EXPECT_EQ(lease(client, 1s), "10.0.0.12");
  client.link = ip("10.1.0.1");
  EXPECT_EQ(request(client, "10.1.0.10", State::renewing, 2s), "3600");
}

TEST_F(LeasesTest, HoldsAnOffer) {
  EXPECT_EQ(offer(machine(1), 0s), "10.0.0.12 check");
  EXPECT_EQ(offer(machine(1), 4s), "10.0.0.12");
  EXPECT_EQ(offer(machine(2), 4s), "10.0.0.13 check");
  EXPECT_EQ(offer(machine(3), 33s), empty);
  EXPECT_EQ(request(machine(3), "10.0.0.12", State::selecting, 33s), in_use);
  // 30 s after the offer at 4 s.
  EXPECT_EQ(offer(machine(3), 34s), "10.0.0.12 check");
}

TEST_F(LeasesTest, AClientHasOneOffer) {
  EXPECT_EQ(offer(machine(1), 0s, "10.0.0.13"), "10.0.0.13 check");
  EXPECT_EQ(request(machine(1), "10.0.0.12", State::selecting, 1s), "3600");
  EXPECT_EQ(offer(machine(2), 1s), "10.0.0.13 check");
}

TEST_F(LeasesTest, GrantsTheWishOnlyIfItIsFree) {
  EXPECT_EQ(offer(machine(1), 0s, "10.0.0.13"), "10.0.0.13 check");
  for (const auto* wish :
       {"10.0.0.13", "10.0.0.5", "10.0.0.10", "10.0.0.200", "10.1.0.10", "fe80::1"}) {
    EXPECT_EQ(offer(machine(2), 1s, wish),
              wish == std::string_view("10.0.0.13") ? "10.0.0.12 check" : "10.0.0.12")
        << wish;
  }
}

TEST_F(LeasesTest, BringsTheTimeIntoItsBounds) {
  auto client = machine(1);
  for (const auto& [wanted, given] :
       {std::pair(1s, "120"), {600s, "600"}, {0xffffffffs, "86400"}}) {
    client.wanted_time = wanted;
    EXPECT_EQ(leases.offer(client, {}, at(0s))->time, std::chrono::seconds(std::stoi(given)));
    EXPECT_EQ(request(client, "10.0.0.12", State::selecting, 0s), given);
  }
}

TEST_F(LeasesTest, NamesTheHost) {
  auto client = machine(5);
  client.host_name = "other";
  EXPECT_EQ(leases.offer(client, {}, at(0s))->host_name, "five");
  client.mac = mac(1);
  EXPECT_EQ(leases.offer(client, {}, at(0s))->host_name, "other");
  client.host_name = "two words";
  EXPECT_EQ(leases.offer(client, {}, at(0s))->host_name, "");
}

TEST_F(LeasesTest, RenewsAndReleases) {
  EXPECT_EQ(lease(machine(1), 0s), "10.0.0.12");
  EXPECT_EQ(request(machine(1), "10.0.0.12", State::renewing, 30min), "3600");
  EXPECT_EQ(request(machine(2), "10.0.0.12", State::renewing, 80min), in_use);
  EXPECT_FALSE(leases.release(machine(2), ip("10.0.0.12"), at(80min)));
  EXPECT_FALSE(leases.release(machine(1), ip("10.0.0.13"), at(80min)));
  EXPECT_TRUE(leases.release(machine(1), ip("10.0.0.12"), at(80min)));
  EXPECT_FALSE(leases.release(machine(1), ip("10.0.0.12"), at(80min)));
  EXPECT_EQ(leases.counts(at(80min)).leased, 0U);
  // It comes back before anybody else wants the address.
  EXPECT_EQ(lease(machine(2), 81min), "10.0.0.13");
  EXPECT_EQ(offer(machine(1), 82min), "10.0.0.12");
}

TEST_F(LeasesTest, KnowsWhoItKnows) {
  EXPECT_EQ(request(machine(1), "10.0.0.12", State::init_reboot, 0s), unknown);
  EXPECT_EQ(request(machine(1), "10.0.0.12", State::renewing, 0s), unknown);
  // Another server of this network may know it.
  EXPECT_EQ(request(machine(1), "10.0.0.77", State::init_reboot, 0s), unknown);
  EXPECT_EQ(request(machine(1), "10.0.0.77", State::renewing, 0s), unknown);
  EXPECT_EQ(request(machine(1), "10.0.0.77", State::selecting, 0s), not_available);
  // A reservation is knowledge; a choice of this server, too, if it forgot its offer in a restart.
  EXPECT_EQ(request(machine(5), "10.0.0.5", State::init_reboot, 0s), "3600");
  EXPECT_EQ(request(machine(1), "10.0.0.12", State::selecting, 0s), "3600");
  // Long after its end, but before the address was another's.
  EXPECT_EQ(request(machine(1), "10.0.0.12", State::init_reboot, 24h), "3600");
}

TEST_F(LeasesTest, ReusesWhatIsOutOfUseLongest) {
  EXPECT_EQ(lease(machine(1), 0s), "10.0.0.12");
  EXPECT_EQ(lease(machine(2), 1s), "10.0.0.13");
  EXPECT_EQ(request(machine(1), "10.0.0.12", State::renewing, 2s), "3600");
  EXPECT_EQ(offer(machine(3), 3600s), empty);
  EXPECT_EQ(offer(machine(3), 3601s), "10.0.0.13 check");
  EXPECT_EQ(offer(machine(4), 3601s), empty);
  EXPECT_EQ(offer(machine(4), 3602s), "10.0.0.12 check");
}

TEST_F(LeasesTest, StagesOfAMachineShareItsAddress) {
  EXPECT_EQ(lease(machine(1, "firmware"), 0s), "10.0.0.12");
  EXPECT_EQ(offer(machine(1, "ipxe"), 10s), "10.0.0.12");
  // Nothing is taken over by asking.
  EXPECT_EQ(request(machine(1, "firmware"), "10.0.0.12", State::renewing, 11s), "3600");
  EXPECT_EQ(request(machine(1, "ipxe"), "10.0.0.12", State::selecting, 12s), "3600");
  EXPECT_EQ(request(machine(1, "system"), "10.0.0.12", State::init_reboot, 30s), "3600");
  EXPECT_EQ(lease(machine(1), 60s), "10.0.0.12");
  EXPECT_EQ(lease(machine(1, "firmware"), 120s), "10.0.0.12");
  EXPECT_EQ(leases.counts(at(120s)).leased, 1U);
  // A stage that is over releases nothing.
  EXPECT_FALSE(leases.release(machine(1, "system"), ip("10.0.0.12"), at(121s)));
}

TEST_F(LeasesTest, WhatAMachineGotGoesBeforeAnOlderOffer) {
  EXPECT_EQ(offer(machine(1, "firmware"), 0s), "10.0.0.12 check");
  EXPECT_EQ(lease(machine(1, "system"), 5s), "10.0.0.13");
  EXPECT_EQ(offer(machine(1, "firmware"), 10s), "10.0.0.13");
}

TEST_F(LeasesTest, HostsThatShareAMacGetAddressesOfTheirOwn) {
  EXPECT_EQ(lease(machine(1, "a"), 0s), "10.0.0.12");
  EXPECT_EQ(lease(machine(1, "b"), 1s), "10.0.0.12");
  EXPECT_EQ(request(machine(1, "a"), "10.0.0.12", State::renewing, 1800s), in_use);
  EXPECT_EQ(lease(machine(1, "a"), 1801s), "10.0.0.13");
  EXPECT_EQ(request(machine(1, "b"), "10.0.0.12", State::renewing, 1802s), "3600");
  EXPECT_EQ(request(machine(1, "a"), "10.0.0.13", State::renewing, 3600s), "3600");
  EXPECT_EQ(request(machine(1, "b"), "10.0.0.13", State::renewing, 3600s), in_use);
}

TEST_F(LeasesTest, MachinesThatShareAnIdentifierGetAddressesOfTheirOwn) {
  EXPECT_EQ(lease(machine(1, "same UUID"), 0s), "10.0.0.12");
  EXPECT_EQ(lease(machine(2, "same UUID"), 0s), "10.0.0.13");
}

TEST_F(LeasesTest, AClientWithoutMacIsItsIdentifier) {
  auto client = machine(1, "infiniband a");
  client.mac = {};
  EXPECT_EQ(lease(client, 0s), "10.0.0.12");
  client.identifier = "infiniband b";
  EXPECT_EQ(lease(client, 0s), "10.0.0.13");
  client.identifier.clear();
  EXPECT_EQ(lease(client, 0s), "the client sent neither a client identifier nor a MAC");
}

TEST_F(LeasesTest, AnOverlongIdentifierCountsAsNone) {
  EXPECT_EQ(lease(machine(1), 0s), "10.0.0.12");
  EXPECT_TRUE(leases.release(machine(1, std::string(256, 'x')), ip("10.0.0.12"), at(1s)));
}

TEST_F(LeasesTest, PutsADeclinedAddressAside) {
  EXPECT_EQ(lease(machine(1), 0s), "10.0.0.12");
  EXPECT_FALSE(leases.decline(machine(2), ip("10.0.0.12"), at(1s)));
  EXPECT_TRUE(leases.decline(machine(1), ip("10.0.0.12"), at(1s)));
  EXPECT_FALSE(leases.decline(machine(1), ip("10.0.0.12"), at(1s)));
  EXPECT_EQ(leases.counts(at(1s)).declines, 1U);
  EXPECT_EQ(leases.counts(at(1s)).set_aside, 1U);
  EXPECT_EQ(lease(machine(1), 2s), "10.0.0.13");
  EXPECT_EQ(request(machine(2), "10.0.0.12", State::selecting, 600s), in_use);
  EXPECT_EQ(offer(machine(2), 600s), empty);
  EXPECT_EQ(offer(machine(2), 601s), "10.0.0.12 check");
}

TEST_F(LeasesTest, AReservedAddressInConflictIsReplacedForAWhile) {
  EXPECT_EQ(offer(machine(5), 0s), "10.0.0.5 check");
  EXPECT_TRUE(leases.conflict(ip("10.0.0.5"), at(1s)));
  EXPECT_FALSE(leases.conflict(ip("10.0.0.5"), at(1s)));
  EXPECT_EQ(lease(machine(5), 2s), "10.0.0.12");
  EXPECT_EQ(request(machine(5), "10.0.0.12", State::init_reboot, 3s), "3600");
  EXPECT_EQ(leases.counts(at(3s)).conflicts, 1U);
  EXPECT_EQ(request(machine(5), "10.0.0.12", State::renewing, 700s), "3600");
  EXPECT_EQ(request(machine(5), "10.0.0.12", State::init_reboot, 700s), elsewhere);
  EXPECT_EQ(lease(machine(5), 701s), "10.0.0.5");
}

TEST_F(LeasesTest, AConflictDoesNotEndALease) {
  EXPECT_EQ(lease(machine(1), 0s), "10.0.0.12");
  EXPECT_FALSE(leases.conflict(ip("10.0.0.12"), at(1s)));
  EXPECT_FALSE(leases.conflict(ip("10.0.0.99"), at(1s)));
}

TEST_F(LeasesTest, AStepOfTheClockBackEndsLeasesInTime) {
  EXPECT_EQ(lease(machine(1), 10'000h), "10.0.0.12");
  EXPECT_EQ(lease(machine(2), 10'000h), "10.0.0.13");
  EXPECT_TRUE(leases.release(machine(2), ip("10.0.0.13"), at(10'000h)));
  EXPECT_EQ(lease(machine(3), 0s), "10.0.0.13");
  EXPECT_EQ(offer(machine(4), 23h), "10.0.0.13 check");
  EXPECT_EQ(request(machine(4), "10.0.0.12", State::selecting, 23h), in_use);
  EXPECT_EQ(request(machine(4), "10.0.0.12", State::selecting, 24h), "3600");
}

TEST_F(LeasesTest, ASmallStepBackIsNone) {
  EXPECT_EQ(lease(machine(1), 60s), "10.0.0.12");
  EXPECT_EQ(lease(machine(2), 0s), "10.0.0.13");
  EXPECT_EQ(request(machine(3), "10.0.0.13", State::selecting, 3659s), in_use);
  EXPECT_EQ(request(machine(3), "10.0.0.13", State::selecting, 3660s), "3600");
}

/// A machine without a battery for its clock starts in the past, until it is told the time.
TEST_F(LeasesTest, AStepForwardEndsLeasesButTakesNobodysAddress) {
  EXPECT_EQ(lease(machine(1), 0s), "10.0.0.12");
  EXPECT_EQ(offer(machine(2), 500'000h), "10.0.0.13 check");
  EXPECT_EQ(request(machine(1), "10.0.0.12", State::renewing, 500'000h), "3600");
  EXPECT_EQ(request(machine(2), "10.0.0.12", State::selecting, 500'000h), in_use);
}

/// The cost of an operation is counted, not timed: looked-at addresses and bindings.
TEST(LeasesSize, AHundredThousandLeasesCostNoMoreEach) {
  LeaseSettings large;
  large.ranges = {range("10.0.0.1", "10.1.255.254", "10.0.0.0/8")};
  auto leases = Leases::make(large).value();
  constexpr unsigned machines = 100'000;
  const auto ask = [&](unsigned number, Leases::Time now) {
    const auto offer = leases.offer(machine(number), {}, now);
    ASSERT_TRUE(offer);
    ASSERT_TRUE(leases.request(machine(number), offer->address, RequestState::selecting, now));
  };
  for (unsigned i = 0; i < machines; ++i) ask(i, at(std::chrono::seconds(i / 10'000)));
  EXPECT_EQ(leases.counts(at(10s)).leased, machines);
  EXPECT_LE(leases.counts(at(10s)).steps, 2 * machines);
  // Half a day of one machine that comes and goes among all of them.
  const auto before = leases.counts(at(10s)).steps;
  for (unsigned i = 0; i < 700; ++i) ask(machines + i % 2, at(10s + i * 1min));
  EXPECT_LE(leases.counts(at(10s + 700min)).steps - before, 12 * machines);
  EXPECT_EQ(leases.counts(at(24h)).leased, 0U);
}

TEST(LeasesSize, AFullPoolAnswersAtOnce) {
  LeaseSettings large;
  large.ranges = {range("10.0.0.1", "10.0.255.254", "10.0.0.0/16")};
  auto leases = Leases::make(large).value();
  unsigned number = 0;
  while (const auto offer = leases.offer(machine(number), {}, at(0s))) {
    ASSERT_TRUE(leases.request(machine(number++), offer->address, RequestState::selecting, at(0s)));
  }
  EXPECT_EQ(number, 65'534U);
  const auto before = leases.counts(at(0s)).steps;
  for (unsigned i = 0; i < 1000; ++i) EXPECT_FALSE(leases.offer(machine(100'000 + i), {}, at(1s)));
  // One second went by: a slot of the wheel at most.
  EXPECT_LE(leases.counts(at(1s)).steps - before, 65'534U / 4096);
}

}  // namespace
}  // namespace pixie::dhcp
