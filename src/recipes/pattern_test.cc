#include "recipes/pattern.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pixie::recipes {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

Facts match(std::string_view pattern, std::string_view text) {
  Facts facts;
  const auto parsed = Pattern::parse(pattern);
  EXPECT_TRUE(parsed) << pattern;
  if (!parsed || !parsed->matches(text, facts)) return {{"no", "match"}};
  return facts;
}
const Facts no{{"no", "match"}};

TEST(Pattern, IsTheWholeText) {
  EXPECT_THAT(match("abc", "abc"), IsEmpty());
  EXPECT_EQ(match("abc", "abcd"), no);
  EXPECT_EQ(match("abc", "xabc"), no);
  EXPECT_THAT(match("a*c", "ac"), IsEmpty());
  EXPECT_THAT(match("*", ""), IsEmpty());
  EXPECT_THAT(match("", ""), IsEmpty());
  EXPECT_EQ(match("", "a"), no);
  EXPECT_EQ(match("a*a", "a"), no);
}

TEST(Pattern, KeepsWhatNamesStandFor) {
  EXPECT_THAT(match("Debian GNU/Linux {version} \"{codename}\" *",
                    "Debian GNU/Linux 12.5.0 \"Bookworm\" - Official amd64 NETINST"),
              ElementsAre(Pair("codename", "Bookworm"), Pair("version", "12.5.0")));
  EXPECT_THAT(match("{a}.{b}", "1.2.3"), ElementsAre(Pair("a", "1"), Pair("b", "2.3")));
  EXPECT_THAT(match("vmlinuz{v}", "vmlinuz-6.1"), ElementsAre(Pair("v", "-6.1")));
  EXPECT_EQ(match("vmlinuz{v}", "vmlinuz"), no);
  EXPECT_EQ(match("{v}x", "x"), no);
  EXPECT_THAT(match("{v}x", "xx"), ElementsAre(Pair("v", "x")));
}

TEST(Pattern, LeavesFactsThatAreKnown) {
  Facts facts{{"v", "1"}};
  EXPECT_TRUE(Pattern::parse("v{v}")->matches("v2", facts));
  EXPECT_EQ(facts.at("v"), "1");
}

TEST(Pattern, MistakesAreTold) {
  for (const auto* text : {"{a", "{}", "{A}", "{a}{b}", "*{b}", "{a}*", "{a-b}"})
    EXPECT_FALSE(Pattern::parse(text)) << text;
  EXPECT_THAT(Pattern::parse("a{b}c*d")->names(), ElementsAre("b"));
}

}  // namespace
}  // namespace pixie::recipes
