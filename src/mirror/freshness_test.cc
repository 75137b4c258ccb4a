#include "mirror/freshness.h"

#include <gtest/gtest.h>

#include "http/date.h"

namespace pixie::mirror {
namespace {

constexpr std::time_t now = 1'795'400'000;

std::string date(std::time_t when) {
  std::string text;
  http::append_date(text, when);
  return text;
}

using Fields = std::initializer_list<std::pair<std::string, std::string>>;

Freshness of(Fields list) {
  http::Fields fields;
  for (const auto& [name, value] : list) fields.add(name, value);
  return freshness(fields, now);
}

TEST(Freshness, IsWhatCacheControlSays) {
  EXPECT_EQ(of({{"Cache-Control", "max-age=100"}}).seconds, 100U);
  EXPECT_EQ(of({{"cache-control", "public, Max-Age = \"100\" "}}).seconds, 100U);
  EXPECT_EQ(of({{"Cache-Control", "max-age=100"}, {"Age", "40"}}).seconds, 60U);
  EXPECT_EQ(of({{"Cache-Control", "max-age=100"}, {"Age", "140"}}).seconds, 0U);
  EXPECT_EQ(of({{"Cache-Control", "max-age=5, s-maxage=7"}}).seconds, 7U);
  EXPECT_EQ(of({{"Cache-Control", "max-age=5"}, {"Expires", date(now + 50)}}).seconds, 5U);
  EXPECT_EQ(of({{"Cache-Control", "max-age=99999999999999999999"}}).seconds, 31'536'000U);
  EXPECT_EQ(of({{"Cache-Control", "max-age=x"}}).seconds, 0U);
  EXPECT_EQ(of({{"Cache-Control", "no-cache, max-age=5"}}).seconds, 0U);
  EXPECT_EQ(of({{"Expires", date(now + 50)}, {"Date", date(now)}}).seconds, 50U);
  EXPECT_EQ(of({{"Expires", "0"}}).seconds, 0U);
}

TEST(Freshness, KeepsNothingThatIsNotToBeKept) {
  EXPECT_FALSE(of({{"Cache-Control", "max-age=5"}, {"Cache-Control", "no-store"}}).keep);
  EXPECT_FALSE(of({{"Cache-Control", "private"}}).keep);
  EXPECT_TRUE(of({{"Cache-Control", "public"}}).keep);
}

TEST(Freshness, IsGuessedFromTheAge) {
  EXPECT_EQ(of({}).seconds, 60U);
  EXPECT_EQ(of({{"Last-Modified", date(now - 6000)}}).seconds, 600U);
  EXPECT_EQ(of({{"Last-Modified", date(now - 100'000'000)}}).seconds, 3600U);
  EXPECT_EQ(of({{"Last-Modified", date(now + 1000)}}).seconds, 60U);
}

}  // namespace
}  // namespace pixie::mirror
