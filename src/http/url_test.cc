#include "http/url.h"

#include <array>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pixie::http {
namespace {

using testing::HasSubstr;
using testing::Not;

Url url(std::string_view text) {
  auto parsed = Url::parse(text);
  EXPECT_TRUE(parsed) << parsed.error().text;
  return parsed.value_or(Url{});
}

TEST(Url, HasItsParts) {
  EXPECT_EQ(url("http://boot.example"), (Url{false, "boot.example", 80, "/"}));
  EXPECT_EQ(url("HTTPS://Boot.Example:8443/a/b?c=d"),
            (Url{true, "boot.example", 8443, "/a/b?c=d"}));
  EXPECT_EQ(url("http://192.0.2.7:8080?x"), (Url{false, "192.0.2.7", 8080, "/?x"}));
  EXPECT_EQ(url("https://[2001:DB8::1]/"), (Url{true, "2001:db8::1", 443, "/"}));
  EXPECT_EQ(url("http://[2001:db8::1]:81/x"), (Url{false, "2001:db8::1", 81, "/x"}));
}

TEST(Url, IsWrittenAsItIsRead) {
  for (const auto* text : {"http://boot.example/", "https://boot.example:80/a?b",
                           "http://[2001:db8::1]/", "https://[2001:db8::1]:8443/x%20y"}) {
    EXPECT_EQ(url(text).text(), text);
  }
  EXPECT_EQ(url("https://a:443/").authority(), "a");
  EXPECT_EQ(url("http://[2001:db8::1]:81/").authority(), "[2001:db8::1]:81");
}

TEST(Url, RefusesWhatItCanNotAsk) {
  for (const auto* text : {"",
                           "boot.example",
                           "/x",
                           "ftp://a/",
                           "http:/a/",
                           "http://",
                           "http:///x",
                           "http://:80/",
                           "http://a:0/",
                           "http://a:65536/",
                           "http://a:8x/",
                           "http://a:/",
                           "http://[::1/",
                           "http://[::1]x/",
                           "http://[a]/",
                           "http://2001:db8::1/",
                           "http://a b/",
                           "http://a/b c",
                           "http://a/\n",
                           "http://a/\x7f",
                           "http://a/\xc3\xa4",
                           "http://a/#b",
                           "http://a/{b}",
                           "http://a/\"",
                           "http://a\\b/",
                           "http://..a/",
                           "http://a..b/",
                           "http://a%41/"}) {
    EXPECT_FALSE(Url::parse(text)) << text;
  }
  EXPECT_FALSE(Url::parse("http://a/" + std::string(5000, 'x')));
}

TEST(Url, NeverRepeatsAPassword) {
  const auto refused = Url::parse("http://user:secret@a/");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text, Not(HasSubstr("secret")));
}

TEST(Url, ResolvesReferences) {
  const auto base = url("http://a:81/b/c/d?q");
  // RFC 3986 section 5.4, as far as it has schemes that are spoken here.
  constexpr std::array<std::pair<std::string_view, std::string_view>, 21> cases{{
      {"https://x/y", "https://x/y"},
      {"g", "http://a:81/b/c/g"},
      {"./g", "http://a:81/b/c/g"},
      {"g/", "http://a:81/b/c/g/"},
      {"/g", "http://a:81/g"},
      {"//g", "http://g/"},
      {"?y", "http://a:81/b/c/d?y"},
      {"g?y", "http://a:81/b/c/g?y"},
      {"#s", "http://a:81/b/c/d?q"},
      {"g#s", "http://a:81/b/c/g"},
      {"", "http://a:81/b/c/d?q"},
      {".", "http://a:81/b/c/"},
      {"./", "http://a:81/b/c/"},
      {"..", "http://a:81/b/"},
      {"../g", "http://a:81/b/g"},
      {"../..", "http://a:81/"},
      {"../../../g", "http://a:81/g"},
      {"/../g", "http://a:81/g"},
      {"g;x=1/../y", "http://a:81/b/c/y"},
      {"..g", "http://a:81/b/c/..g"},
      {"g?y/../x", "http://a:81/b/c/g?y/../x"},
  }};
  for (const auto& [reference, expected] : cases) {
    const auto resolved = base.resolve(reference);
    ASSERT_TRUE(resolved) << reference << ": " << resolved.error().text;
    EXPECT_EQ(resolved->text(), expected) << reference;
  }
  EXPECT_FALSE(base.resolve("tftp://x/y"));
  EXPECT_FALSE(base.resolve("a b"));
}

TEST(Url, KnowsASchemeFromAPath) {
  EXPECT_TRUE(has_scheme("tftp://x"));
  EXPECT_TRUE(has_scheme("file:///x"));
  EXPECT_FALSE(has_scheme("a/b:c"));
  EXPECT_FALSE(has_scheme("1:2"));
  EXPECT_FALSE(has_scheme(":x"));
  EXPECT_FALSE(has_scheme("x"));
}

}  // namespace
}  // namespace pixie::http
