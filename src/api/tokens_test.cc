#include "api/tokens.h"

#include <gtest/gtest.h>

namespace pixie::api {
namespace {

constexpr std::string_view reader = "0123456789abcdef";
constexpr std::string_view writer = "fedcba9876543210==";

std::string error_of(std::string_view content) {
  const auto tokens = Tokens::parse(content, "tokens");
  return tokens ? "" : tokens.error().text;
}

TEST(Tokens, KnowsEachWithItsScope) {
  const auto tokens = Tokens::parse(
      "# the page\n"
      "0123456789abcdef read the wall\r\n"
      "\n"
      "\tfedcba9876543210==  read,write   ansible # not for people\n"
      "only-write-1234567 write",
      "tokens");
  ASSERT_TRUE(tokens) << tokens.error().text;
  EXPECT_EQ(tokens->size(), 3);
  EXPECT_EQ(tokens->look_up(reader), Scope::read);
  EXPECT_EQ(tokens->look_up(writer), Scope::write);
  EXPECT_EQ(tokens->look_up("only-write-1234567"), Scope::write);
}

TEST(Tokens, TakesNothingElse) {
  const auto tokens = Tokens::parse("0123456789abcdef read", "tokens");
  ASSERT_TRUE(tokens);
  for (const std::string_view other :
       {"", "0123456789abcde", "0123456789abcdef0", "0123456789abcdeF", "read", "#"})
    EXPECT_EQ(tokens->look_up(other), std::nullopt) << other;
}

TEST(Tokens, NamesFileAndLineOfAMistakeButNeverTheToken) {
  EXPECT_EQ(error_of("0123456789abcdef read\nfedcba9876543210"),
            "tokens:2: after the token its scope is missing: read or write");
  EXPECT_EQ(error_of("0123456789abcdef ,"),
            "tokens:1: after the token its scope is missing: read or write");
  EXPECT_EQ(error_of("0123456789abcdef read,admin"),
            "tokens:1: there is no scope 'admin': read or write");
  EXPECT_EQ(error_of("secret read"),
            "tokens:1: a token has at least 16 characters (openssl rand -hex 16 makes one)");
  EXPECT_EQ(error_of("0123456789abc\"def read"),
            "tokens:1: a token has letters, digits and -._~+/ only");
  EXPECT_EQ(error_of("0123456789abcdef read\n\n0123456789abcdef write"),
            "tokens:3: the same token stands on an earlier line");
}

TEST(Tokens, AFileWithoutOneIsAMistake) {
  for (const std::string_view content : {"", "\n\n", "# 0123456789abcdef read"})
    EXPECT_EQ(error_of(content), "tokens: there is no token in it: write a line TOKEN SCOPE");
}

}  // namespace
}  // namespace pixie::api
