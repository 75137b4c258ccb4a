#include "mirror/allow_list.h"

#include <gtest/gtest.h>

namespace pixie::mirror {
namespace {

bool allows(std::string_view list, const std::string& url) {
  return AllowList::parse(list).value().allows(http::Url::parse(url).value());
}

TEST(AllowList, AllowsWhatItNamesAtThePortsThatItNames) {
  EXPECT_TRUE(allows("a.example.org", "https://a.example.org/x"));
  EXPECT_TRUE(allows("A.example.org", "http://a.EXAMPLE.org/x"));
  EXPECT_FALSE(allows("a.example.org", "https://a.example.org:8443/"));
  EXPECT_FALSE(allows("a.example.org", "http://a.example.org:443/"));
  EXPECT_TRUE(allows("x,a.example.org:8443", "https://a.example.org:8443/"));
  EXPECT_FALSE(allows("a.example.org:80", "https://a.example.org/"));
  EXPECT_TRUE(allows("a.example.org:80", "http://a.example.org/"));
  EXPECT_TRUE(allows("[2001:db8::1]:81", "http://[2001:DB8::1]:81/"));
  EXPECT_FALSE(allows("example.org", "https://a.example.org/"));
  EXPECT_FALSE(AllowList().allows(http::Url::parse("http://a/").value()));
}

TEST(AllowList, APatternStandsForNamesBelow) {
  EXPECT_TRUE(allows("*.example.org", "https://a.example.org/"));
  EXPECT_TRUE(allows("*.example.org", "https://a.b.example.org/"));
  EXPECT_FALSE(allows("*.example.org", "https://example.org/"));
  EXPECT_FALSE(allows("*.example.org", "https://aexample.org/"));
  EXPECT_FALSE(allows("*.example.org", "https://a.example.org.net/"));
  EXPECT_FALSE(allows("*.example.org", "https://a.example.org:81/"));
}

TEST(AllowList, RefusesWhatIsNoHost) {
  EXPECT_TRUE(AllowList::parse("").value().empty());
  for (const auto* text : {"*", "*.", ",a", "a,,b", "a/b", "http://a", "a b", "u@a", "a:0", "a:b",
                           "*.192.0.2.1", "a?x", "..", "*.*.a"}) {
    EXPECT_FALSE(AllowList::parse(text)) << text;
  }
}

TEST(AllowList, TakesThoseOfAnother) {
  auto list = AllowList::parse("a.example.org").value();
  list.add(AllowList::parse("*.example.net").value());
  for (const auto* url : {"https://a.example.org/", "https://b.example.net/"})
    EXPECT_TRUE(list.allows(http::Url::parse(url).value())) << url;
}

TEST(AllowList, LeadsByAPatternToPublicAddressesAlone) {
  const auto list = AllowList::parse("*.example.org,own.example.org").value();
  const auto found = http::Url::parse("http://a.example.org/").value();
  const auto own = http::Url::parse("http://own.example.org/").value();
  EXPECT_FALSE(list.names(found));
  EXPECT_TRUE(list.names(own));
  for (const auto* text :
       {"127.0.0.1", "10.1.2.3", "192.168.0.1", "172.31.255.255", "169.254.169.254", "0.0.0.0",
        "100.64.0.1", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fec0::1", "fd00::1",
        "ff02::1", "64:ff9b::10.0.0.1", "::ffff:127.0.0.1", "2002:a00:1::", "::127.0.0.1"}) {
    const auto address = wire::IpAddress::parse(text).value();
    EXPECT_FALSE(list.allows(found, address)) << text;
    EXPECT_TRUE(list.allows(own, address)) << text;
  }
  for (const auto* text : {"1.1.1.1", "172.32.0.1", "2606:4700::1", "64:ff9b::1.1.1.1"})
    EXPECT_TRUE(list.allows(found, wire::IpAddress::parse(text).value())) << text;
}

}  // namespace
}  // namespace pixie::mirror
