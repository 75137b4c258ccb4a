#include "http/listing.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

#include "http/target.h"

namespace pixie::http {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string row(const Entry& entry) {
  const auto page = render_listing("", std::vector{entry});
  const auto start = page.find("<tbody>\n") + 8;
  return page.substr(start, page.find("</tbody>") - start);
}

TEST(Listing, FoldersFirstThenByName) {
  const std::vector<Entry> entries = {
      {"b", false, 1, 0}, {"z", true, 0, 0}, {"a", false, 1, 0}, {"c", true, 0, 0}};
  const auto page = render_listing("extra", entries);
  std::vector<std::size_t> places;
  for (const std::string_view link : {"\"../\"", "\"./c/\"", "\"./z/\"", "\"./a\"", "\"./b\""}) {
    places.push_back(page.find(link));
    EXPECT_NE(places.back(), std::string::npos) << link;
  }
  EXPECT_TRUE(std::ranges::is_sorted(places));
}

TEST(Listing, TopHasNoParent) {
  EXPECT_THAT(render_listing("", {}), Not(HasSubstr("../")));
  EXPECT_THAT(render_listing("", {}), HasSubstr("<h1>/</h1>"));
  EXPECT_THAT(render_listing("a/<b>", {}), HasSubstr("<h1>/a/&lt;b&gt;/</h1>"));
}

TEST(Listing, Rows) {
  EXPECT_EQ(row({"vmlinuz", false, 1536, 784'111'777}),
            "<tr><td><a href=\"./vmlinuz\">vmlinuz</a></td><td>1.5 KiB</td>"
            "<td>1994-11-06 08:49 UTC</td></tr>\n");
  EXPECT_EQ(row({"images", true, 4096, 0}),
            "<tr><td><a href=\"./images/\">images/</a></td><td></td>"
            "<td>1970-01-01 00:00 UTC</td></tr>\n");
}

TEST(Listing, NamesAreOnlyNames) {
  EXPECT_THAT(row({"<script>\"'&", false, 0, 0}),
              HasSubstr("<a href=\"./%3Cscript%3E%22%27%26\">&lt;script&gt;\"'&amp;</a>"));
  EXPECT_THAT(row({"javascript:alert(1)", false, 0, 0}),
              HasSubstr("href=\"./javascript%3Aalert%281%29\""));
  EXPECT_THAT(row({"a?b#c%d", false, 0, 0}), HasSubstr("href=\"./a%3Fb%23c%25d\""));
  EXPECT_EQ(row({"a\nb", false, 0, 0}), "");
  EXPECT_EQ(row({"a\\b", false, 0, 0}), "");
}

TEST(Listing, TextIsValidUtf8) {
  const std::pair<std::string, std::string_view> cases[] = {
      {"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"},
      {"a\xff", "a\xef\xbf\xbd"},
      {"\xc3", "\xef\xbf\xbd"},
      {"\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd"},
      {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
      {"\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd"},
      {"\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
  };
  for (const auto& [name, text] : cases) {
    const auto html = row({name, false, 0, 0});
    EXPECT_THAT(html, HasSubstr("\">" + std::string(text) + "</a>"));
    const auto start = html.find("./") + 1;
    EXPECT_EQ(parse_target(html.substr(start, html.find('"', start) - start))->path, name);
  }
}

TEST(Listing, AsJsonInTheShapeThatNginxGives) {
  const std::vector<Entry> entries = {{"b", false, 5, 784'111'777}, {"z", true, 0, 0}};
  EXPECT_EQ(listing_as_json(entries), R"([
 {
  "name": "z",
  "type": "directory",
  "mtime": "Thu, 01 Jan 1970 00:00:00 GMT"
 },
 {
  "name": "b",
  "type": "file",
  "mtime": "Sun, 06 Nov 1994 08:49:37 GMT",
  "size": 5
 }
]
)");
  const std::vector<Entry> odd = {{"\"\xff", false, std::nullopt, 0}};
  EXPECT_THAT(listing_as_json(odd), HasSubstr("\"name\": \"\\\"\xef\xbf\xbd\""));
  EXPECT_THAT(listing_as_json(odd), Not(HasSubstr("size")));
  EXPECT_EQ(listing_as_json({}), "[]\n");
}

TEST(Listing, Sizes) {
  const std::pair<std::uint64_t, std::string_view> cases[] = {
      {0, "0"},
      {1023, "1023"},
      {1024, "1.0 KiB"},
      {1024 * 1024 - 1, "1.0 MiB"},
      {4'700'000'000, "4.4 GiB"},
      {~std::uint64_t{0}, "16.0 EiB"},
  };
  for (const auto& [size, text] : cases) {
    EXPECT_THAT(row({"a", false, size, 0}), HasSubstr("<td>" + std::string(text) + "</td>"));
  }
}

}  // namespace
}  // namespace pixie::http
