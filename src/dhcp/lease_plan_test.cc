// Which settings of the lease table are refused, and what may be given to whom.
#include "dhcp/lease_plan.h"

#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dhcp/ipv4.h"
#include "dhcp/leases_testing.h"

namespace pixie::dhcp {
namespace {

using namespace std::chrono_literals;

LeaseSettings settings() {
  LeaseSettings settings;
  settings.ranges = {range("10.0.0.100", "10.0.0.199", "10.0.0.0/24"),
                     range("10.0.0.20", "10.0.0.29", "10.0.0.7/24"),
                     range("0.0.0.0", "0.0.0.0", "10.1.0.0/24")};
  settings.reservations = {{.mac = mac(1), .address = ip("10.0.0.150"), .host_name = "one"},
                           {.mac = mac(1), .address = ip("10.1.0.1"), .host_name = ""}};
  settings.excluded = {ip("10.0.0.20")};
  return settings;
}

TEST(LeasePlan, SaysWhoMayHaveWhat) {
  const auto plan = LeasePlan::make(settings()).value();
  ASSERT_EQ(plan.network_count(), 2U);
  EXPECT_EQ(plan.network_of(ip("10.0.0.255")), 0U);
  EXPECT_EQ(plan.network_of(ip("10.1.0.9")), 1U);
  EXPECT_EQ(plan.network_of(ip("10.2.0.9")), std::nullopt);
  EXPECT_EQ(plan.network_of(ip("fe80::1")), std::nullopt);
  ASSERT_EQ(plan.spans(0).size(), 2U);
  EXPECT_EQ(ipv4_address(plan.spans(0)[0].first), ip("10.0.0.20"));
  EXPECT_EQ(plan.reservation(0, mac(1))->address, ip("10.0.0.150"));
  EXPECT_EQ(plan.reservation(1, mac(1))->address, ip("10.1.0.1"));
  EXPECT_EQ(plan.reservation(0, mac(2)), nullptr);

  struct Case {
    const char* address;
    bool one, two;
  };
  for (const auto& c : {Case{"10.0.0.20", false, false},
                        {"10.0.0.21", true, true},
                        {"10.0.0.29", true, true},
                        {"10.0.0.30", false, false},
                        {"10.0.0.100", true, true},
                        {"10.0.0.150", true, false}}) {
    EXPECT_EQ(plan.may_have(0, ip(c.address), mac(1)), c.one) << c.address;
    EXPECT_EQ(plan.may_have(0, ip(c.address), mac(2)), c.two) << c.address;
  }
  EXPECT_FALSE(plan.may_have(1, ip("10.1.0.2"), mac(1)));
}

TEST(LeasePlan, RefusesWhatCannotBeMeant) {
  struct Case {
    const char* why;
    std::function<void(LeaseSettings&)> change;
  };
  const auto with_range = [](LeaseRange added) {
    return [added](LeaseSettings& s) { s.ranges.push_back(added); };
  };
  const auto with_reservation = [](unsigned number, std::string_view address,
                                   std::string_view host = "") {
    return [=](LeaseSettings& s) {
      s.reservations.push_back({.mac = number ? mac(number) : wire::Mac{},
                                .address = ip(address),
                                .host_name = std::string(host)});
    };
  };
  for (const auto& [why, change] : {
           Case{"IPv4 network", with_range(range("fd00::1", "fd00::2", "fd00::/64"))},
           Case{"IPv4 network", with_range(range("10.0.0.1", "10.0.0.2", "0.0.0.0/0"))},
           Case{"networks that don't overlap: 10.0.0.0/24 and 10.0.0.0/16",
                with_range(range("10.0.9.1", "10.0.9.2", "10.0.0.0/16"))},
           Case{"networks that don't overlap",
                with_range(range("10.0.0.1", "10.0.0.2", "10.0.0.0/28"))},
           Case{"host addresses of 10.2.0.0/24",
                with_range(range("10.2.0.0", "10.2.0.2", "10.2.0.0/24"))},
           Case{"host addresses", with_range(range("10.2.0.1", "10.2.0.255", "10.2.0.0/24"))},
           Case{"host addresses", with_range(range("10.2.0.2", "10.2.0.1", "10.2.0.0/24"))},
           Case{"host addresses", with_range(range("10.2.0.2", "10.3.0.1", "10.2.0.0/24"))},
           Case{"ranges that don't overlap",
                with_range(range("10.0.0.29", "10.0.0.40", "10.0.0.0/24"))},
           Case{"at most 1048576 addresses",
                with_range(range("12.0.0.1", "12.255.0.1", "12.0.0.0/8"))},
           Case{"in the network of a range", with_reservation(2, "10.9.0.1")},
           Case{"in the network of a range", with_reservation(2, "10.0.0.255")},
           Case{"the MAC of a machine", with_reservation(0, "10.0.0.2")},
           Case{"neither reserved twice nor excluded", with_reservation(2, "10.0.0.150")},
           Case{"neither reserved twice nor excluded", with_reservation(2, "10.0.0.20")},
           Case{"one reserved address in a network", with_reservation(1, "10.0.0.2")},
           Case{"host name", with_reservation(2, "10.0.0.2", "two words")},
           Case{"minimum <= default <= maximum", [](auto& s) { s.min_time = 0s; }},
           Case{"minimum <= default <= maximum", [](auto& s) { s.default_time = 1s; }},
           Case{"minimum <= default <= maximum", [](auto& s) { s.max_time = 1h; }},
           Case{"below 4294967295", [](auto& s) { s.max_time = 4294967295s; }},
           Case{"at least 1 second", [](auto& s) { s.offer_time = 0s; }},
           Case{"at least 1 second", [](auto& s) { s.decline_time = 0s; }},
       }) {
    auto changed = settings();
    change(changed);
    const auto plan = LeasePlan::make(changed);
    ASSERT_FALSE(plan) << why;
    EXPECT_THAT(plan.error().text, testing::HasSubstr(why));
    EXPECT_THAT(plan.error().text, testing::StartsWith("expected "));
  }
}

TEST(LeasePlan, SmallNetworksHaveNoBroadcast) {
  LeaseSettings small;
  small.ranges = {range("10.0.0.0", "10.0.0.1", "10.0.0.0/31"),
                  range("10.0.0.2", "10.0.0.2", "10.0.0.2/32")};
  const auto plan = LeasePlan::make(small);
  ASSERT_TRUE(plan) << plan.error().text;
  EXPECT_TRUE(plan->dynamic(0, ip("10.0.0.0")));
}

}  // namespace
}  // namespace pixie::dhcp
