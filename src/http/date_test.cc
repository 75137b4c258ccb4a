#include "http/date.h"

#include <cstdint>
#include <limits>
#include <string>

#include <gtest/gtest.h>

namespace pixie::http {
namespace {

constexpr std::time_t example = 784'111'777;  // RFC 9110 section 5.6.7
constexpr std::time_t now = 1'790'000'000;    // September 2026

std::string text_of(std::time_t when) {
  std::string text;
  append_date(text, when);
  return text;
}

TEST(Date, IsWrittenAsFixdate) {
  EXPECT_EQ(text_of(example), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(text_of(0), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(text_of(-1), "Wed, 31 Dec 1969 23:59:59 GMT");
  EXPECT_EQ(text_of(951'782'400), "Tue, 29 Feb 2000 00:00:00 GMT");
  EXPECT_EQ(text_of(std::int64_t{1} << 31), "Tue, 19 Jan 2038 03:14:08 GMT");
}

TEST(Date, StaysWithinFourDigitYears) {
  EXPECT_EQ(text_of(std::numeric_limits<std::time_t>::max()), "Fri, 31 Dec 9999 23:59:59 GMT");
  EXPECT_EQ(text_of(std::numeric_limits<std::time_t>::min()), "Mon, 01 Jan 0001 00:00:00 GMT");
}

TEST(Date, ThreeFormsAreRead) {
  EXPECT_EQ(parse_date("Sun, 06 Nov 1994 08:49:37 GMT", now), example);
  EXPECT_EQ(parse_date("Sunday, 06-Nov-94 08:49:37 GMT", now), example);
  EXPECT_EQ(parse_date("Sun Nov  6 08:49:37 1994", now), example);
  EXPECT_EQ(parse_date("Sun Nov 06 08:49:37 1994", now), example);
  EXPECT_EQ(parse_date("Fri Nov 16 08:49:37 2018", now), 1'542'358'177);
  EXPECT_EQ(parse_date("Sat, 31 Dec 2016 23:59:60 GMT", now), 1'483'228'800);
}

TEST(Date, TwoDigitYearsAreAtMostFiftyYearsAhead) {
  EXPECT_EQ(parse_date("Monday, 01-Jan-76 00:00:00 GMT", now), 3'345'062'400);  // 2076
  EXPECT_EQ(parse_date("Monday, 01-Jan-77 00:00:00 GMT", now), 220'924'800);    // 1977
  EXPECT_EQ(parse_date("Monday, 01-Jan-00 00:00:00 GMT", now), 946'684'800);    // 2000
}

TEST(Date, IsUndoneByReading) {
  for (std::time_t when = -62'135'596'800; when < 253'402'300'799; when += 98'765'432'1) {
    EXPECT_EQ(parse_date(text_of(when), now), when) << when;
  }
}

TEST(Date, OtherTextIsRefused) {
  const std::string_view cases[] = {
      "",
      "0",
      ",",
      "Sun",
      "Sun,",
      "784111777",
      "Sun, 06 Nov 1994 08:49:37",
      "Sun, 06 Nov 1994 08:49:37 UTC",
      "Sun, 06 Nov 1994 08:49:37 GMT ",
      "Sun, 06 Nov 1994 08:49:37 +0000",
      "Sun, 6 Nov 1994 08:49:37 GMT",
      "sun, 06 nov 1994 08:49:37 gmt",
      "Sun, 06 Nov 94 08:49:37 GMT",
      "Sun, 31 Nov 1994 08:49:37 GMT",
      "Sun, 29 Feb 2023 08:49:37 GMT",
      "Sun, 00 Nov 1994 08:49:37 GMT",
      "Sun, 06 Nov 1994 24:00:00 GMT",
      "Sun, 06 Nov 1994 08:60:00 GMT",
      "Sun, 06 Nov 1994 08:49:61 GMT",
      "Thu, 29 Feb 0000 23:59:60 GMT",
      "Fri, 31 Dec 9999 23:59:60 GMT",
      "Sun, -6 Nov 1994 08:49:37 GMT",
      "Xyz, 06 Nov 1994 08:49:37 GMT",
      "Sunday, 06-Nov-1994 08:49:37 GMT",
      "Sun Nov 6 08:49:37 1994",
      "Sun Nov  6 08:49:37 1994 GMT",
      "2026-11-23T00:00:00Z",
  };
  for (const auto text : cases) EXPECT_FALSE(parse_date(text, now)) << text;
}

TEST(Date, CivilTime) {
  const CivilTime time = civil_time(example);
  EXPECT_EQ(time.year, 1994);
  EXPECT_EQ(time.month, 11U);
  EXPECT_EQ(time.day, 6U);
  EXPECT_EQ(time.weekday, 0U);
  EXPECT_EQ(time.second, 37);
}

}  // namespace
}  // namespace pixie::http
