#include "mirror/entry.h"

#include <gtest/gtest.h>

#include "mirror/testing.h"

namespace pixie::mirror {
namespace {

TEST(Entry, SurvivesBeingWrittenAndRead) {
  for (const auto& entry : {test_part(), test_whole()}) {
    const auto read = parse_entry(text_of(entry));
    ASSERT_TRUE(read) << text_of(entry);
    EXPECT_EQ(*read, entry);
  }
  auto bare = test_whole();
  bare.etag.clear();
  bare.modified.clear();
  bare.type.clear();
  EXPECT_EQ(parse_entry(text_of(bare)).value(), bare);
}

TEST(Entry, IsReadWholeOrNotAtAll) {
  const auto text = text_of(test_whole());
  for (std::size_t size = 0; size < text.size(); ++size)
    EXPECT_FALSE(parse_entry(text.substr(0, size))) << size;
  EXPECT_FALSE(parse_entry(text + "x"));
}

TEST(Entry, RefusesWhatDoesNotFit) {
  const auto refuses = [](const auto& change) {
    auto entry = test_whole();
    change(entry);
    return !parse_entry(text_of(entry));
  };
  EXPECT_TRUE(refuses([](Entry& entry) { entry.have -= 1; }));
  EXPECT_TRUE(refuses([](Entry& entry) { entry.have += 1; }));
  EXPECT_TRUE(refuses([](Entry& entry) { entry.size = entry.have = size_limit_bytes + 1; }));
  EXPECT_TRUE(refuses([](Entry& entry) { entry.data = "../../../../etc/x"; }));
  EXPECT_TRUE(refuses([](Entry& entry) { entry.data = "0123456789abcdeF"; }));
  EXPECT_TRUE(refuses([](Entry& entry) { entry.url = "https://a/x y"; }));
  EXPECT_TRUE(refuses([](Entry& entry) { entry.url = "HTTPS://a/"; }));
  EXPECT_TRUE(refuses([](Entry& entry) { entry.etag = "\"a\nsize 1"; }));
  EXPECT_TRUE(refuses([](Entry& entry) { entry.fetched = -1; }));
  EXPECT_TRUE(refuses([](Entry& entry) { entry.type = std::string(2000, 'x'); }));
  EXPECT_FALSE(refuses([](Entry& entry) { entry.etag = "W/\"\x80\""; }));
}

TEST(Entry, IsGoneOnWithByWhatIsStrong) {
  auto entry = test_part();
  EXPECT_EQ(entry.validator(), "\"v1\"");
  entry.etag = "W/\"v1\"";
  EXPECT_EQ(entry.validator(), entry.modified);
  entry.fetched = 784'111'777 + 59;  // that moment, nearly
  EXPECT_EQ(entry.validator(), "");
  entry.modified = "yesterday";
  EXPECT_EQ(entry.validator(), "");
}

TEST(Entry, KnowsWhenItIsFresh) {
  const auto entry = test_whole();
  EXPECT_TRUE(entry.is_fresh(entry.validated));
  EXPECT_TRUE(entry.is_fresh(entry.validated + entry.fresh - 1));
  EXPECT_FALSE(entry.is_fresh(entry.validated + entry.fresh));
  // The clock was wrong, then or now.
  EXPECT_FALSE(entry.is_fresh(entry.validated - 1));
}

}  // namespace
}  // namespace pixie::mirror
