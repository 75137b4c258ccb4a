#include "mirror/location.h"

#include <gtest/gtest.h>

namespace pixie::mirror {
namespace {

std::string url(const std::string& target) {
  const auto parsed = http::parse_target(target);
  if (!parsed) return "no target";
  const auto found = url_of(*parsed);
  return found ? found->text() : "none";
}

TEST(Location, APathMeansAUrl) {
  EXPECT_EQ(url("/mirror/https/a.example.org/x/y.img"), "https://a.example.org/x/y.img");
  EXPECT_EQ(url("/mirror/http/A:8080/x/"), "http://a:8080/x/");
  EXPECT_EQ(url("/mirror/http/a:80/x"), "http://a/x");
  EXPECT_EQ(url("/mirror/https/a"), "https://a/");
  EXPECT_EQ(url("/mirror/http/a/x?y=%2f&z"), "http://a/x?y=%2f&z");
  EXPECT_EQ(url("/mirror/http/[2001:db8::1]:81/x"), "http://[2001:db8::1]:81/x");
  EXPECT_EQ(url("/mirror/http/a//x/./y"), "http://a/x/y");
}

TEST(Location, HasOneFormForEachFile) {
  EXPECT_EQ(url("/mirror/http/a/g++%2b%41%20b"), url("/mirror/http/a/g%2B%2b+A%20b"));
  EXPECT_EQ(url("/mirror/http/a/%7Ex"), "http://a/~x");
}

TEST(Location, RefusesWhatIsNone) {
  for (const auto* text : {"/mirror/ftp/a/x", "/mirror/http", "/mirror/https/", "/mirror/x",
                           "/mirror/http/u@a/x", "/mirror/http/a:0/", "/mirror/http/a b/x",
                           "/mirror/http/a:99999/x", "/mirror/http/a%00/x", "/mirror/http/a/../b"})
    EXPECT_TRUE(url(text).starts_with("no")) << text << ' ' << url(text);
}

TEST(Location, IsFoundFromWhatAPersonWrites) {
  for (const auto* text :
       {"https://a.example.org:8443/x+y?z", "/mirror/https/a.example.org:8443/x%2By?z"}) {
    const auto found = url_named(text);
    ASSERT_TRUE(found) << found.error().text;
    EXPECT_EQ(found->text(), "https://a.example.org:8443/x%2By?z");
    EXPECT_EQ(path_of(*found), "/mirror/https/a.example.org:8443/x%2By?z");
  }
  for (const auto* text : {"", "x", "/extra/x", "/mirror", "https://a/../x", "ftp://a/"})
    EXPECT_FALSE(url_named(text)) << text;
}

}  // namespace
}  // namespace pixie::mirror
