#include "tftp/name.h"

#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace pixie::tftp {
namespace {

using std::literals::operator""sv;

TEST(CleanName, KnowsClientsSpellings) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"undionly.kpxe", "undionly.kpxe"},
      {"/chain.ipxe", "chain.ipxe"},
      {"//chain.ipxe", "chain.ipxe"},
      {"\\Boot\\BCD", "Boot/BCD"},
      {"\\\\Boot/\\BCD", "Boot/BCD"},
      {"dir//grubx64.efi", "dir/grubx64.efi"},
      {"./a/./b/.", "a/b"},
      {"a/", "a"},
      {"..a/b..", "..a/b.."},
      {"...", "..."},
      {"undionly.kpxe\xff", "undionly.kpxe"},
      {"undionly.kpxe\xff\xff\xff", "undionly.kpxe"},
      {"a\0b"sv, "a"},
      {"a\xff\0b"sv, "a"},
      {"gr\xc3\xbc\xc3\x9f"
       "e",
       "gr\xc3\xbc\xc3\x9f"
       "e"},
      {"a b%2e.", "a b%2e."},
  };
  for (const auto& [given, expected] : cases) {
    const auto name = clean_name(given);
    ASSERT_TRUE(name) << given << ": " << name.error().text;
    EXPECT_EQ(*name, expected);
  }
}

TEST(CleanName, RefusesWhatNamesNoFileOrClimbs) {
  for (const auto bad : {""sv, "/"sv, "."sv, ".//"sv, "\xff"sv, "\0a"sv, ".."sv, "../a"sv, "a/.."sv,
                         "a/../b"sv, "..\\a"sv, "a\\..\\..\\b"sv, "/../a"sv, "..\xff"sv}) {
    EXPECT_FALSE(clean_name(bad)) << bad;
  }
}

TEST(CleanName, RefusesControlCharacters) {
  for (const auto bad : {"a\nb"sv, "a\rb"sv, "\tb"sv, "a\x1b[31m"sv, "a\x7f"sv,
                         "a\xc2\x9b"
                         "31m"sv}) {
    EXPECT_FALSE(clean_name(bad)) << bad;
  }
}

TEST(CleanName, LimitsLength) {
  EXPECT_TRUE(clean_name(std::string(1024, 'a')));
  EXPECT_FALSE(clean_name(std::string(1025, 'a')));
  EXPECT_TRUE(clean_name(std::string(1024, 'a') + std::string(100, '\xff')));
}

}  // namespace
}  // namespace pixie::tftp
