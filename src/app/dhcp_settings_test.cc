#include "app/dhcp_settings.h"

#include <gmock/gmock.h>

#include "app/settings.h"

namespace pixie::app {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(DhcpSettings, RangesWithLeaseAndBits) {
  const auto ranges =
      parse_ranges("10.0.0.100-10.0.0.200/12h,10.9.0.10/16-10.9.3.99,10.1.0.1-10.1.0.1/90");
  ASSERT_TRUE(ranges);
  ASSERT_EQ(ranges->size(), 3U);
  EXPECT_EQ((*ranges)[0].last.text(), "10.0.0.200");
  EXPECT_EQ((*ranges)[0].lease, std::chrono::hours(12));
  EXPECT_EQ((*ranges)[0].prefix, std::nullopt);
  EXPECT_EQ((*ranges)[1].prefix, 16U);
  EXPECT_EQ((*ranges)[1].lease, std::nullopt);
  EXPECT_EQ((*ranges)[2].lease, std::chrono::seconds(90));
  EXPECT_TRUE(parse_ranges("")->empty());
}

TEST(DhcpSettings, WhatIsNoRange) {
  for (const auto* text :
       {"10.0.0.1", "10.0.0.9-10.0.0.1", "10.0.0.1-10.0.0.9/", "10.0.0.1-10.0.0.9/5x",
        "10.0.0.1-10.0.0.9/0", "10.0.0.1/33-10.0.0.9", "fd00::1-fd00::9", "-", "0.0.0.0-10.0.0.1",
        "10.0.0.1-10.0.0.9,,10.0.1.1-10.0.1.9", "10.0.0.1-10.0.0.9/99999999999h"}) {
    const bool lease_left_out = std::string_view(text) == "10.0.0.1-10.0.0.9/";
    EXPECT_EQ(parse_ranges(text).has_value(), lease_left_out) << text;
  }
}

TEST(DhcpSettings, Reservations) {
  const auto hosts =
      parse_reservations("52:54:00:12:34:56=10.0.0.7=node7,52-54-00-12-34-57=10.0.0.8");
  ASSERT_TRUE(hosts);
  EXPECT_EQ((*hosts)[0].host_name, "node7");
  EXPECT_EQ((*hosts)[1].address.text(), "10.0.0.8");
  EXPECT_FALSE(parse_reservations("10.0.0.7=52:54:00:12:34:56"));
  EXPECT_FALSE(parse_reservations("52:54:00:12:34:56"));
}

TEST(DhcpSettings, ReservationTablesOfTheFile) {
  const auto values = values_from_toml(
      "dhcp = \"server\"\n"
      "[[reservation]]\nmac = \"52:54:00:12:34:56\"\naddress = \"10.0.0.7\"\nhostname = \"node7\"\n"
      "[[reservation]]\nmac = \"52:54:00:12:34:57\"\naddress = \"10.0.0.8\"\n",
      "pixie.toml");
  ASSERT_TRUE(values) << values.error().text;
  EXPECT_EQ(values->at("dhcp-reservations").text,
            "52:54:00:12:34:56=10.0.0.7=node7,52:54:00:12:34:57=10.0.0.8");

  for (const auto* text :
       {"[[reservation]]\nmac = 1\naddress = \"10.0.0.7\"\n", "reservation = 3\n",
        "[[reservation]]\nmac = \"52:54:00:12:34:56\"\naddress = \"x\"\n",
        "[[reservation]]\nmac = \"52:54:00:12:34:56\"\naddress = \"10.0.0.7\"\nhost = \"x\"\n"}) {
    const auto refused = values_from_toml(text, "pixie.toml");
    ASSERT_FALSE(refused) << text;
    EXPECT_THAT(refused.error().text, StartsWith("pixie.toml:1:"));
    EXPECT_THAT(refused.error().text, HasSubstr("mac"));
  }
}

}  // namespace
}  // namespace pixie::app
