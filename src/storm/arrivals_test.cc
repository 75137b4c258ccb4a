#include "storm/arrivals.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "storm/near.h"

namespace pixie::storm {
namespace {

using std::chrono::seconds;

TEST(StormArrivals, AllComeAtOnceOrEvenly) {
  EXPECT_EQ(arrivals(Arrival::all, 3, seconds(9), 1), std::vector<Duration>(3));
  const std::vector<Duration> even{seconds(0), seconds(4), seconds(8)};
  EXPECT_EQ(arrivals(Arrival::ramp, 3, seconds(8), 1), even);
  EXPECT_EQ(arrivals(Arrival::ramp, 1, seconds(8), 1).size(), 1);
}

TEST(StormArrivals, PoissonIsMadeFromTheSeed) {
  const auto times = arrivals(Arrival::poisson, 10'000, seconds(100), 5);
  EXPECT_TRUE(std::ranges::is_sorted(times));
  EXPECT_EQ(times, arrivals(Arrival::poisson, 10'000, seconds(100), 5));
  EXPECT_NE(times, arrivals(Arrival::poisson, 10'000, seconds(100), 6));
  // The sum of so many gaps strays by 1 % as a rule.
  EXPECT_GT(times.back(), seconds(95));
  EXPECT_LT(times.back(), seconds(105));
  const auto longer_gaps = std::ranges::count_if(times, [&, i = std::size_t{0}](Duration) mutable {
    return ++i < times.size() && times[i] - times[i - 1] > std::chrono::milliseconds(10);
  });
  // e⁻¹ of the gaps are longer than the mean.
  EXPECT_NEAR(static_cast<double>(longer_gaps), 3679, 200);
}

TEST(StormArrivals, HaveNames) {
  EXPECT_EQ(find_arrival("ramp"), Arrival::ramp);
  EXPECT_EQ(find_arrival("poisson"), Arrival::poisson);
  EXPECT_FALSE(find_arrival("flood"));
}

TEST(StormNear, KnowsPrivateNetworks) {
  for (const auto* text : {"127.0.0.1", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.0.1",
                           "169.254.1.1", "::1", "fd00::1", "fe80::1"})
    EXPECT_TRUE(is_near(*wire::IpAddress::parse(text))) << text;
  for (const auto* text :
       {"8.8.8.8", "172.32.0.1", "192.0.2.1", "100.64.0.1", "11.0.0.1", "2001:db8::1", "0.0.0.0"})
    EXPECT_FALSE(is_near(*wire::IpAddress::parse(text))) << text;
}

}  // namespace
}  // namespace pixie::storm
