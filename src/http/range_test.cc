#include "http/range.h"

#include <limits>
#include <ostream>
#include <string>
#include <vector>

#include <gmock/gmock.h>

namespace pixie::http {

static void PrintTo(const ByteRange& range, std::ostream* out) {
  *out << range.offset << "+" << range.length;
}

namespace {

using testing::ElementsAreArray;
using Parts = std::vector<ByteRange>;
constexpr auto largest = std::numeric_limits<std::uint64_t>::max();

void expect(RangeSet::Kind kind, std::string_view value, std::uint64_t size, const Parts& parts) {
  const auto ranges = parse_ranges(value, size);
  EXPECT_EQ(ranges.kind, kind) << value << " of " << size;
  EXPECT_THAT(ranges.parts, ElementsAreArray(parts)) << value << " of " << size;
}

TEST(Range, SelectsParts) {
  struct {
    std::string_view value;
    std::uint64_t size;
    Parts parts;
  } const cases[] = {
      // RFC 9110 section 14.1.2.
      {"bytes=0-499", 10000, {{0, 500}}},
      {"bytes=500-999", 10000, {{500, 500}}},
      {"bytes=-500", 10000, {{9500, 500}}},
      {"bytes=9500-", 10000, {{9500, 500}}},
      {"bytes=0-0,-1", 10000, {{0, 1}, {9999, 1}}},
      {"bytes= 0-999, 4500-5499, -1000", 10000, {{0, 1000}, {4500, 1000}, {9000, 1000}}},
      {"bytes=500-600,601-999", 10000, {{500, 500}}},
      {"bytes=500-700,601-999", 10000, {{500, 500}}},
      // As curl -C, aria2, iPXE's block reads and EDK2 ask.
      {"bytes=0-", 10, {{0, 10}}},
      {"bytes=1048576-2097151", 3000000, {{1048576, 1048576}}},
      {"bytes=32768-33279", 40000, {{32768, 512}}},
      {"bytes=5-", 10, {{5, 5}}},
      // Clipped at the end.
      {"bytes=5-10", 10, {{5, 5}}},
      {"bytes=9-9", 10, {{9, 1}}},
      {"bytes=-20", 10, {{0, 10}}},
      {"bytes=0-18446744073709551615", 10, {{0, 10}}},
      {"bytes=0-99999999999999999999999", 10, {{0, 10}}},
      {"bytes=-99999999999999999999999", 10, {{0, 10}}},
      {"bytes=18446744073709551613-", largest, {{largest - 2, 2}}},
      {"bytes=-1,0-18446744073709551615", largest, {{0, largest}}},
      // Spelling.
      {"BYTES=0-0", 10, {{0, 1}}},
      {"bytes=,, 0-0 ,\t2-2,", 10, {{0, 1}, {2, 1}}},
      {"bytes=00-007", 10, {{0, 8}}},
      // Order is kept, the unsatisfiable is left out, and what touches is joined.
      {"bytes=8-9,0-1", 10, {{8, 2}, {0, 2}}},
      {"bytes=8-9,0-1,20-30,-0", 10, {{8, 2}, {0, 2}}},
      {"bytes=6-7,0-1,4-5,8-8", 10, {{4, 5}, {0, 2}}},
      {"bytes=0-9,2-3", 10, {{0, 10}}},
      {"bytes=2-3,0-9", 10, {{0, 10}}},
      {"bytes=0-,0-,0-,0-", 10, {{0, 10}}},
  };
  for (const auto& [value, size, parts] : cases) {
    expect(RangeSet::Kind::partial, value, size, parts);
  }
}

TEST(Range, IgnoresWhatIsMalformedOrOfAnotherUnit) {
  const std::string_view cases[] = {
      "",          "bytes",         "bytes=",     "bytes= ",    "bytes=,",     "=0-1",
      "lines=0-1", "bytes0-1",      "bytes =0-1", " bytes=0-1", "bytes=-",     "bytes=--1",
      "bytes=1",   "bytes=2-1",     "bytes=a-b",  "bytes=0-b",  "bytes=0x0-1", "bytes=+0-1",
      "bytes=0--", "bytes=0-1-2",   "bytes=0 -1", "bytes=0- 1", "bytes=0;1",   "bytes=0-1,x",
      "bytes=1.0", "bytes=0-1,5-4", "none",       "bytes:0-1",
  };
  for (const auto value : cases) expect(RangeSet::Kind::whole, value, 10, {});
}

TEST(Range, IsUnsatisfiableWhenNothingOverlaps) {
  for (const std::string_view value :
       {"bytes=10-", "bytes=10-20", "bytes=-0", "bytes=99999999999999999999999-", "bytes=10-,-0"}) {
    expect(RangeSet::Kind::unsatisfiable, value, 10, {});
  }
}

TEST(Range, OfNothing) {
  expect(RangeSet::Kind::unsatisfiable, "bytes=0-", 0, {});
  expect(RangeSet::Kind::unsatisfiable, "bytes=0-0", 0, {});
  expect(RangeSet::Kind::unsatisfiable, "bytes=-0", 0, {});
  expect(RangeSet::Kind::whole, "bytes=-1", 0, {});
}

TEST(Range, TooManyAreIgnored) {
  const auto many = [](std::size_t count, std::size_t step) {
    std::string value = "bytes=";
    for (std::size_t i = 0; i < count; ++i) {
      value += std::to_string(i * step) + "-" + std::to_string(i * step) + ",";
    }
    return value;
  };
  const auto kind = [](const std::string& value) { return parse_ranges(value, 10000).kind; };
  EXPECT_EQ(kind(many(max_range_parts, 2)), RangeSet::Kind::partial);
  EXPECT_EQ(kind(many(max_range_parts + 1, 2)), RangeSet::Kind::whole);
  EXPECT_EQ(kind(many(max_range_specs, 1)), RangeSet::Kind::partial);
  EXPECT_EQ(kind(many(max_range_specs + 1, 1)), RangeSet::Kind::whole);
}

}  // namespace
}  // namespace pixie::http
