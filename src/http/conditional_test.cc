#include "http/conditional.h"

#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "http/date.h"

namespace pixie::http {
namespace {

constexpr std::time_t modified = 784'111'777;
constexpr std::string_view same = "Sun, 06 Nov 1994 08:49:37 GMT";
constexpr std::string_view earlier = "Sun, 06 Nov 1994 08:49:36 GMT";
constexpr std::string_view later = "Sun, 06 Nov 1994 08:49:38 GMT";
constexpr std::time_t now = modified + 3600;

using Lines = std::vector<std::pair<std::string_view, std::string_view>>;

Request with(const Lines& lines) {
  Request request;
  for (const auto& [name, value] : lines) request.fields.add(name, value);
  return request;
}

Representation versioned(std::string_view etag = "\"xyzzy\"") {
  Representation representation;
  representation.etag = etag;
  representation.modified = modified;
  return representation;
}

TEST(Conditional, Preconditions) {
  const auto holds = Precondition::holds;
  const auto not_modified = Precondition::not_modified;
  const auto failed = Precondition::failed;
  const struct {
    Lines lines;
    Precondition expected;
  } cases[] = {
      {{}, holds},
      // RFC 9110 sections 13.1.1 and 13.1.2.
      {{{"If-Match", "\"xyzzy\""}}, holds},
      {{{"If-Match", "\"xyzzy\", \"r2d2xxxx\", \"c3piozzzz\""}}, holds},
      {{{"If-Match", "\"r2d2xxxx\", \"c3piozzzz\""}}, failed},
      {{{"If-Match", "*"}}, holds},
      {{{"If-Match", "W/\"xyzzy\""}}, failed},
      {{{"If-Match", ""}}, failed},
      {{{"If-Match", "xyzzy"}}, failed},
      {{{"If-Match", "\"xyzzy"}}, failed},
      {{{"If-None-Match", "\"xyzzy\""}}, not_modified},
      {{{"If-None-Match", "W/\"xyzzy\""}}, not_modified},
      {{{"If-None-Match", "\"r2d2xxxx\",W/\"xyzzy\" ,\"c3piozzzz\""}}, not_modified},
      {{{"If-None-Match", "W/\"r2d2xxxx\", W/\"c3piozzzz\""}}, holds},
      {{{"If-None-Match", "*"}}, not_modified},
      {{{"If-None-Match", "\"\""}}, holds},
      {{{"If-None-Match", "\"a,\\\"xyzzy\""}}, holds},
      {{{"If-None-Match", "\"XYZZY\""}}, holds},
      // Sent as two fields.
      {{{"If-None-Match", "\"a\""}, {"if-none-match", "\"xyzzy\""}}, not_modified},
      {{{"If-Match", "\"a\""}, {"IF-MATCH", "\"xyzzy\""}}, holds},
      // Dates.
      {{{"If-Modified-Since", same}}, not_modified},
      {{{"If-Modified-Since", later}}, not_modified},
      {{{"If-Modified-Since", earlier}}, holds},
      {{{"If-Modified-Since", "Sunday, 06-Nov-94 08:49:37 GMT"}}, not_modified},
      {{{"If-Modified-Since", "yesterday"}}, holds},
      {{{"If-Modified-Since", same}, {"If-Modified-Since", same}}, holds},
      {{{"If-Unmodified-Since", same}}, holds},
      {{{"If-Unmodified-Since", later}}, holds},
      {{{"If-Unmodified-Since", earlier}}, failed},
      {{{"If-Unmodified-Since", "yesterday"}}, holds},
      // Section 13.2.2: an entity tag outranks its date, If-Match comes first.
      {{{"If-None-Match", "\"other\""}, {"If-Modified-Since", same}}, holds},
      {{{"If-None-Match", "\"xyzzy\""}, {"If-Modified-Since", earlier}}, not_modified},
      {{{"If-Match", "\"xyzzy\""}, {"If-Unmodified-Since", earlier}}, holds},
      {{{"If-None-Match", "\"xyzzy\""}, {"If-Match", "\"other\""}}, failed},
      {{{"If-Match", "\"xyzzy\""}, {"If-None-Match", "\"xyzzy\""}}, not_modified},
      {{{"If-Modified-Since", same}, {"If-Unmodified-Since", earlier}}, failed},
  };
  for (const auto& [lines, expected] : cases) {
    EXPECT_EQ(check_preconditions(with(lines), versioned(), now), expected)
        << (lines.empty() ? "" : lines[0].first) << ": " << (lines.empty() ? "" : lines[0].second);
  }
}

TEST(Conditional, WithoutValidators) {
  const Representation bare;
  const auto check = [&](std::string_view name, std::string_view value) {
    return check_preconditions(with({{name, value}}), bare, now);
  };
  EXPECT_EQ(check("If-Match", "*"), Precondition::holds);
  EXPECT_EQ(check("If-Match", "\"\""), Precondition::failed);
  EXPECT_EQ(check("If-None-Match", "*"), Precondition::not_modified);
  EXPECT_EQ(check("If-None-Match", "\"\", "), Precondition::holds);
  EXPECT_EQ(check("If-Modified-Since", later), Precondition::holds);
  EXPECT_EQ(check("If-Unmodified-Since", earlier), Precondition::holds);
}

TEST(Conditional, IfRange) {
  const auto applies = [](std::string_view value, std::time_t at = now) {
    return range_applies(with({{"If-Range", value}}), versioned(), at);
  };
  EXPECT_TRUE(range_applies(with({}), versioned(), now));
  EXPECT_TRUE(applies("\"xyzzy\""));
  EXPECT_FALSE(applies("\"other\""));
  EXPECT_FALSE(applies("W/\"xyzzy\""));
  EXPECT_FALSE(applies("*"));
  EXPECT_FALSE(applies(""));
  EXPECT_FALSE(applies("\"xyzzy\", \"other\""));
  EXPECT_TRUE(applies(same));
  EXPECT_FALSE(applies(earlier));
  EXPECT_FALSE(applies(later));
  EXPECT_FALSE(applies(same, modified)) << "the file can still change within this second";
  EXPECT_FALSE(range_applies(with({{"If-Range", same}}), Representation{}, now));
  EXPECT_FALSE(range_applies(with({{"If-Range", "\"\""}}), Representation{}, now));
}

}  // namespace
}  // namespace pixie::http
