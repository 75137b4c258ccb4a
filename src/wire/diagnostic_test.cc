#include "wire/diagnostic.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace pixie::wire {
namespace {

TEST(Diagnostic, TellsItsPlace) {
  const auto found = diagnose_at("pixie.toml", "one\ntwo\r\nthree", 5, "wrong");
  EXPECT_EQ(found, (Diagnostic{"pixie.toml", 2, 2, "wrong", "two"}));
  EXPECT_EQ(found.one_line(), "pixie.toml:2:2: wrong");
  EXPECT_EQ(found.with_caret(), "pixie.toml:2:2: wrong\ntwo\n ^\n");
  EXPECT_EQ((Diagnostic{.file = "a", .line = 3, .text = "wrong"}).one_line(), "a:3: wrong");
}

TEST(Diagnostic, WithoutPlaceShowsTheSentenceAlone) {
  const Diagnostic none{.file = "pixie.toml", .text = "is not there"};
  EXPECT_EQ(none.one_line(), "pixie.toml: is not there");
  EXPECT_EQ(none.with_caret(), "pixie.toml: is not there\n");
}

TEST(Diagnostic, PlacesTheEndsOfLinesAndOfTheContent) {
  EXPECT_EQ(diagnose_at("f", "ab\ncd", 2, ""), (Diagnostic{"f", 1, 3, "", "ab"}));
  EXPECT_EQ(diagnose_at("f", "ab\ncd", 99, ""), (Diagnostic{"f", 2, 3, "", "cd"}));
  EXPECT_EQ(diagnose_at("f", "ab\n", 3, ""), (Diagnostic{"f", 2, 1, "", ""}));
  EXPECT_EQ(diagnose_at("f", "", 0, ""), (Diagnostic{"f", 1, 1, "", ""}));
}

TEST(Diagnostic, PutsTheCaretBelowTheColumn) {
  const auto shown = [](std::string_view content, std::size_t offset) {
    return diagnose_at("f", content, offset, "x").with_caret();
  };
  EXPECT_EQ(shown("a\tb", 2), "f:1:3: x\na\tb\n \t^\n");
  EXPECT_EQ(shown("g\u00fcnther", 3), "f:1:4: x\ng\u00fcnther\n  ^\n");
  EXPECT_EQ(shown("a\x1b[31m\x7f", 6), "f:1:7: x\na?[31m?\n      ^\n");
}

TEST(Diagnostic, ShowsThePartOfALongLineThatMatters) {
  const auto shown =
      diagnose_at("f", std::string(50'000, 'x') + "{{" + std::string(50'000, 'y'), 50'000, "long")
          .with_caret();
  EXPECT_LT(shown.size(), 400U);
  EXPECT_TRUE(shown.contains("xxx{{yyy")) << shown;
}

RC_GTEST_PROP(Diagnostic, NamesEveryOffset, (const std::string& text, std::uint16_t any)) {
  std::string content;
  for (const char c : text) content += c % 4 == 0 ? '\n' : c;
  const std::size_t offset = any % (content.size() + 1);
  const auto found = diagnose_at("f", content, offset, "x");
  std::size_t start = 0;
  for (std::size_t line = 1; line < found.line; ++line) start = content.find('\n', start) + 1;
  RC_ASSERT(start + found.column - 1 == offset);
  RC_ASSERT(content.substr(start).starts_with(found.excerpt));
  RC_ASSERT(!found.excerpt.contains('\n'));
}

}  // namespace
}  // namespace pixie::wire
