// Matching: globs as their definition says, and the index as one rule after the other.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "machines/pattern.h"
#include "machines/testing.h"

namespace pixie::machines {
namespace {

bool glob_by_definition(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] == '*') {
    return glob_by_definition(pattern.substr(1), text) ||
           (!text.empty() && glob_by_definition(pattern, text.substr(1)));
  }
  return !text.empty() && (pattern[0] == '?' || pattern[0] == text[0]) &&
         glob_by_definition(pattern.substr(1), text.substr(1));
}

rc::Gen<std::string> text_of(std::string_view letters) {
  return rc::gen::resize(8,
                         rc::gen::container<std::string>(rc::gen::elementOf(std::string(letters))));
}

RC_GTEST_PROP(Glob, MatchesByDefinition, ()) {
  const auto pattern = *text_of("ab*?");
  const auto text = *text_of("ab");
  RC_ASSERT(glob_matches(pattern, text) == glob_by_definition(pattern, text));
}

TEST(Glob, TakesLettersInAnyCase) {
  EXPECT_TRUE(glob_matches("dell*", "Dell Inc."));
  EXPECT_FALSE(glob_matches("dell", "Dell Inc."));
  EXPECT_TRUE(glob_matches("*", ""));
  EXPECT_FALSE(glob_matches("?", ""));
}

TEST(Glob, IsNotSlowOnBadPatterns) {
  std::string pattern;
  for (int i = 0; i < 100; ++i) pattern += "a*";
  EXPECT_FALSE(glob_matches(pattern + "b", std::string(256, 'a')));
}

// Few values, so that rules and machines meet often.
rc::Gen<std::string> one_of(std::vector<std::string> values) {
  return rc::gen::elementOf(std::move(values));
}

struct Choice {
  std::string key;
  std::vector<std::string> patterns;
  std::vector<std::string> values;
};

const std::vector<Choice>& choices() {
  static const std::vector<Choice> all{
      {"mac",
       {"52:54:00:00:00:01", "52-54-00-00-00-02", "52:54:*", "*:03", "52:54:00:00:00:0?"},
       {"52:54:00:00:00:01", "52:54:00:00:00:02", "52:54:00:00:00:03", "02:00:00:00:00:01"}},
      {"uuid", {"AA-1", "aa-2", "aa-*"}, {"aa-1", "AA-2", "bb-1"}},
      {"serial", {"S1", "s2", "S*", "?1"}, {"s1", "S2", "T1"}},
      {"ip", {"10.0.0.1", "10.0.0.0/8", "10.1.0.0/16"}, {"10.0.0.1", "10.1.2.3", "192.0.2.1"}},
      {"arch", {"x86_64", "arm*"}, {"x86_64", "arm64", "i386"}},
      {"hostname", {"web*", "db1"}, {"web1", "db1", "claimed"}},
      {"group", {"g1", "g2"}, {}},
  };
  return all;
}

std::string random_rule() {
  std::string rule = "[[rules]]\nprofile = \"p\"\n";
  for (const auto& [key, patterns, values] : choices()) {
    if (*rc::gen::inRange(0, 4) != 0) continue;
    const auto chosen = *rc::gen::resize(
        3, rc::gen::nonEmpty(rc::gen::container<std::vector<std::string>>(one_of(patterns))));
    rule += fmt::format("{} = [\"{}\"]\n", key, fmt::join(chosen, "\", \""));
  }
  return rule;
}

Identity random_identity() {
  Identity identity;
  for (const auto& [key, patterns, values] : choices()) {
    if (values.empty() || *rc::gen::inRange(0, 5) == 0) continue;
    identity.learn(*fact_named(key), *one_of(values), Source::claimed);
  }
  return identity;
}

RC_GTEST_PROP(Match, IsTheFirstRuleThatExamineTakes, ()) {
  std::string toml = R"([profiles.p]
local = true
[groups.g1]
[groups.g2]
[machines.525400000001]
hostname = "DB1"
groups = ["g1"]
[machines.525400000002]
groups = ["g2", "g1"]
)";
  const auto count = *rc::gen::inRange(0, 12);
  for (int i = 0; i < count; ++i) toml += random_rule();
  const auto fleet = testing::load(toml);
  for (int i = 0; i < 20; ++i) {
    const auto identity = random_identity();
    const Rule* first = nullptr;
    for (const auto& rule : fleet->rules()) {
      if (first || !examine(*fleet, rule, identity).matches) continue;
      first = &rule;
    }
    RC_ASSERT(fleet->match(identity) == first);
  }
}

TEST(Match, TheOwnersHostNameWins) {
  const auto fleet = testing::load(R"([profiles.p]
local = true
[machines.525400123456]
hostname = "Web1"
[[rules]]
hostname = "web*"
profile = "p"
)");
  auto identity = testing::machine_52();
  EXPECT_TRUE(fleet->match(identity));
  identity.learn(Fact::hostname, "other", Source::claimed);
  EXPECT_TRUE(fleet->match(identity));
}

}  // namespace
}  // namespace pixie::machines
