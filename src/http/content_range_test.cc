#include "http/content_range.h"

#include <gtest/gtest.h>

namespace pixie::http {
namespace {

TEST(ContentRange, NamesThePartAndTheWhole) {
  const auto range = parse_content_range("bytes 10-19/100");
  ASSERT_TRUE(range && range->part);
  EXPECT_EQ(*range->part, (ByteRange{10, 10}));
  EXPECT_EQ(range->size, 100U);
  const auto whole = parse_content_range("Bytes 0-18446744073709551613/18446744073709551614");
  ASSERT_TRUE(whole && whole->part);
  EXPECT_EQ(whole->part->length, 18446744073709551614U);
}

TEST(ContentRange, MayNameNoPart) {
  const auto range = parse_content_range("bytes */100");
  ASSERT_TRUE(range);
  EXPECT_FALSE(range->part);
  EXPECT_EQ(range->size, 100U);
}

TEST(ContentRange, IsNothingElse) {
  for (const auto* text :
       {"", "bytes", "bytes 1-2", "bytes 1-2/", "bytes 1-2/*", "bytes -2/9", "bytes 1-/9",
        "bytes 2-1/9", "bytes 0-9/9", "bytes 0-0/0", "lines 1-2/9", "bytes 1-2/9 ", "bytes +1-2/9",
        "bytes 0-1/18446744073709551616", "bytes=1-2/9"})
    EXPECT_FALSE(parse_content_range(text)) << text;
}

}  // namespace
}  // namespace pixie::http
