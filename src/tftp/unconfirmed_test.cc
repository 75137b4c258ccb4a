#include "tftp/unconfirmed.h"

#include <gtest/gtest.h>

namespace pixie::tftp {
namespace {

using namespace std::chrono_literals;

constexpr Unconfirmed::TimePoint start{1h};

wire::IpAddress ip(std::string_view text) { return wire::IpAddress::parse(text).value(); }

/// How many answers go out when a hundred are asked for at once.
int answers(Unconfirmed& unconfirmed, const wire::IpAddress& source,
            Unconfirmed::TimePoint now = start) {
  int answered = 0;
  for (int i = 0; i < 100; ++i) answered += unconfirmed.take(source, now);
  return answered;
}

TEST(Unconfirmed, EachAddressHasItsOwnPlacesAndNewOnesEachSecond) {
  Unconfirmed unconfirmed(20);
  EXPECT_EQ(answers(unconfirmed, ip("192.0.2.1")), 20);
  EXPECT_EQ(answers(unconfirmed, ip("192.0.2.2")), 20);
  EXPECT_EQ(answers(unconfirmed, ip("192.0.2.1")), 0);
  EXPECT_EQ(answers(unconfirmed, ip("192.0.2.1"), start + 500ms), 10);
  EXPECT_EQ(answers(unconfirmed, ip("192.0.2.1"), start + 1h), 20);
}

TEST(Unconfirmed, WhoConfirmsIsNotLimited) {
  Unconfirmed unconfirmed(1);
  for (int i = 0; i < 1000; ++i) {
    EXPECT_TRUE(unconfirmed.take(ip("192.0.2.1"), start));
    unconfirmed.give_back(ip("192.0.2.1"));
  }
  unconfirmed.give_back(ip("192.0.2.1"));
  unconfirmed.give_back(ip("192.0.2.9"));
  EXPECT_EQ(answers(unconfirmed, ip("192.0.2.1")), 1);
  EXPECT_EQ(answers(unconfirmed, ip("192.0.2.9")), 1);
}

TEST(Unconfirmed, AllAddressesOfAnIpv6HostAreOne) {
  Unconfirmed unconfirmed(20);
  EXPECT_EQ(answers(unconfirmed, ip("2001:db8::1")), 20);
  EXPECT_EQ(answers(unconfirmed, ip("2001:db8::2:1")), 0);
  EXPECT_EQ(answers(unconfirmed, ip("2001:db8:0:1::1")), 20);
}

TEST(Unconfirmed, NoLimitAtAll) {
  Unconfirmed unconfirmed(0);
  EXPECT_EQ(answers(unconfirmed, ip("192.0.2.1")), 100);
}

// Those of whom nothing is left to remember make room for others first.
TEST(Unconfirmed, RemembersSoManyAddresses) {
  Unconfirmed unconfirmed(2);
  const auto source = [](std::size_t number) {
    return wire::IpAddress::v4(10, static_cast<std::uint8_t>(number >> 16),
                               static_cast<std::uint8_t>(number >> 8),
                               static_cast<std::uint8_t>(number));
  };
  for (std::size_t i = 1; i < Unconfirmed::most_sources; ++i) unconfirmed.take(source(i), start);
  const auto later = start + 1s;
  EXPECT_EQ(answers(unconfirmed, source(0), later), 2);
  EXPECT_TRUE(unconfirmed.take(ip("192.0.2.1"), later));
  EXPECT_EQ(answers(unconfirmed, source(0), later), 0);
}

}  // namespace
}  // namespace pixie::tftp
