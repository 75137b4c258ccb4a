#include "images/text.h"

#include <gtest/gtest.h>

#include "images/testing.h"

namespace pixie::images {
namespace {

std::string from_utf16(std::u16string_view text) {
  return utf8_from_utf16(wire::as_bytes(testing::utf16(text)));
}

TEST(Text, ReadsUtf16) {
  EXPECT_EQ(from_utf16(u"aß€"), "aß€");
  EXPECT_EQ(from_utf16(u"\U0001F4BF!"), "💿!");
  EXPECT_EQ(from_utf16(std::u16string{0xd83d, u'x'}), "\ufffdx");
  EXPECT_EQ(from_utf16(std::u16string{0xdcbf, 0xd83d}), "\ufffd\ufffd");
  EXPECT_EQ(utf8_from_utf16(wire::as_bytes(std::string_view("\0a\0", 3))), "a");
}

TEST(Text, ReadsOstaCompressedUnicode) {
  EXPECT_EQ(utf8_from_osta(wire::as_bytes("\x08"
                                          "a\xdf")),
            "aß");
  EXPECT_EQ(utf8_from_osta(wire::as_bytes("\x10" + testing::utf16(u"a€"))), "a€");
  EXPECT_EQ(utf8_from_osta(wire::as_bytes("\xfe"
                                          "a")),
            "");
  EXPECT_EQ(utf8_from_osta({}), "");
  EXPECT_EQ(utf8_from_dstring(wire::as_bytes(std::string_view("\x08"
                                                              "ab\0\3",
                                                              5))),
            "ab");
  EXPECT_EQ(utf8_from_dstring(wire::as_bytes(std::string_view("\x08"
                                                              "ab\0\xff",
                                                              5)))
                .substr(0, 2),
            "ab");
}

TEST(Text, ShowsPlainNamesAsLinuxDoes) {
  EXPECT_EQ(plain_iso_name("README.TXT;1"), "readme.txt");
  EXPECT_EQ(plain_iso_name("README.;1"), "readme");
  EXPECT_EQ(plain_iso_name("README.;2"), "readme..2");
  EXPECT_EQ(plain_iso_name("BOOT"), "boot");
  EXPECT_EQ(joliet_name(wire::as_bytes(testing::utf16(u"A b;1"))), "A b");
  EXPECT_EQ(joliet_name(wire::as_bytes(testing::utf16(u"x..;1"))), "x");
}

}  // namespace
}  // namespace pixie::images
