#include "mirror/cache.h"

#include <fstream>
#include <limits>

#include <gtest/gtest.h>

#include "mirror/testing.h"
#include "mirror/verify.h"

namespace pixie::mirror {
namespace {

std::unique_ptr<Cache> open_cache(const TestFolder& folder, const Cache::Limits& limits = {}) {
  auto taken = Folder::take(folder.path()).value();
  EXPECT_TRUE(taken);
  return Cache::open(std::move(*taken), limits).value();
}

std::shared_ptr<const Entry> put(Cache& cache, const std::string& url, const std::string& content) {
  auto draft = cache.begin(test_part(url, content.size())).value();
  EXPECT_TRUE(cache.append(draft, content));
  return cache.finish(draft, true).value();
}

std::string content_of(Cache& cache, const std::string& url) {
  const auto entry = cache.find(url);
  if (!entry) return "none";
  const auto file = cache.open(*entry);
  if (!file) return "gone";
  std::string content(entry->size, '\0');
  EXPECT_EQ(pread(file->number(), content.data(), content.size(), 0),
            static_cast<ssize_t>(content.size()));
  return content;
}

const std::string a = "https://a.example.org/a";
const std::string b = "https://a.example.org/b";

TEST(Cache, KeepsFilesOverARestart) {
  const TestFolder folder;
  {
    const auto cache = open_cache(folder);
    EXPECT_EQ(put(*cache, a, "hello")->sha256,
              "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
    put(*cache, b, "");
    EXPECT_EQ(content_of(*cache, a), "hello");
  }
  const auto cache = open_cache(folder);
  EXPECT_EQ(content_of(*cache, a), "hello");
  EXPECT_EQ(content_of(*cache, b), "");
  EXPECT_EQ(content_of(*cache, "https://a.example.org/c"), "none");
  EXPECT_EQ(cache->usage().files, 2U);
}

TEST(Cache, IsOneProcesses) {
  const TestFolder folder;
  const auto cache = open_cache(folder);
  EXPECT_FALSE(Folder::take(folder.path()).value());
}

TEST(Cache, ReplacesAFile) {
  const TestFolder folder;
  const auto cache = open_cache(folder);
  put(*cache, a, "old");
  const auto old = cache->find(a);
  const auto sent = cache->open(*old);
  put(*cache, a, "newer");
  EXPECT_EQ(content_of(*cache, a), "newer");
  EXPECT_EQ(folder.files(), 3U);  // the lock, a description, its bytes
  char byte = 0;
  EXPECT_EQ(pread(sent->number(), &byte, 1, 2), 1);
  EXPECT_EQ(byte, 'd');
}

TEST(Cache, GoesOnWithAPart) {
  const TestFolder folder;
  {
    const auto cache = open_cache(folder);
    auto draft = cache->begin(test_part(a, 10)).value();
    ASSERT_TRUE(cache->append(draft, "01234"));
    ASSERT_TRUE(cache->save(draft));
    ASSERT_TRUE(cache->append(draft, "wrong"));
    // A crash: what came since the last save counts for nothing.
  }
  const auto cache = open_cache(folder);
  EXPECT_EQ(content_of(*cache, a), "none");
  const auto part = cache->part(a);
  ASSERT_TRUE(part);
  EXPECT_EQ(part->have, 5U);
  auto draft = cache->resume(*part).value();
  EXPECT_EQ(draft.size(), 5U);
  ASSERT_TRUE(cache->append(draft, "56789"));
  const auto whole = cache->finish(draft, true).value();
  EXPECT_EQ(whole->sha256, "84d89877f0d4041efb6bf91a16f0248f2fd573e6af05c19f96bedb9f882f7882");
  EXPECT_EQ(content_of(*cache, a), "0123456789");
  EXPECT_FALSE(cache->part(a));
  EXPECT_EQ(folder.files(), 3U);
}

TEST(Cache, TakesNoWholeFileForAPart) {
  const TestFolder folder;
  auto part = *put(*open_cache(folder), a, "hello");
  part.sha256.clear();
  part.have = 2;
  // As a crash leaves it when the file was whole, and its part's description was about to go.
  ASSERT_TRUE(Folder(folder.path()).describe(part));
  const auto cache = open_cache(folder);
  EXPECT_FALSE(cache->part(a));
  EXPECT_EQ(content_of(*cache, a), "hello");
  EXPECT_EQ(folder.files(), 3U);
}

TEST(Cache, KeepsAPartOnlyIfItIsOfUse) {
  const TestFolder folder;
  const auto cache = open_cache(folder);
  for (const bool worth : {true, false}) {
    auto draft = cache->begin(test_part(a, 10)).value();
    ASSERT_TRUE(cache->append(draft, "01234"));
    cache->leave(draft, worth);
    EXPECT_EQ(cache->part(a).has_value(), worth);
  }
  auto entry = test_part(a, 10);
  entry.etag = entry.modified = "";
  auto draft = cache->begin(entry).value();
  ASSERT_TRUE(cache->append(draft, "01234"));
  cache->leave(draft, true);
  EXPECT_FALSE(cache->part(a));
  EXPECT_EQ(cache->usage().bytes, 0U);
  EXPECT_EQ(folder.files(), 1U);
}

TEST(Cache, LetsThoseGoThatWereNotUsedForLongest) {
  const TestFolder folder;
  const auto cache = open_cache(folder, {.bytes = 3 * 8192, .files = 100});
  const std::string content(4096, 'x');
  for (const auto* name : {"1", "2", "3"}) put(*cache, a + name, content);
  EXPECT_TRUE(cache->find(a + "1"));
  put(*cache, a + "4", content);
  EXPECT_TRUE(cache->find(a + "1"));
  EXPECT_FALSE(cache->find(a + "2"));
  const auto evicted = cache->take_evicted();
  ASSERT_EQ(evicted.size(), 1U);
  EXPECT_EQ(evicted[0].url, a + "2");
  EXPECT_EQ(cache->usage().bytes, 3U * 8192);
  EXPECT_FALSE(cache->begin(test_part(b, 1 << 20)));
  EXPECT_EQ(cache->usage().bytes, 3U * 8192);
}

TEST(Cache, LetsPinnedFilesGoLast) {
  const TestFolder folder;
  const auto cache = open_cache(folder, {.bytes = 2 * 8192, .files = 100});
  const std::string content(4096, 'x');
  const auto pinned = put(*cache, a + "1", content);
  put(*cache, a + "2", content);
  cache->set_pins(std::make_shared<const Cache::Pins>(
      Cache::Pins{{a + "1", pinned->sha256}, {a + "2", std::string(64, 'a')}}));
  put(*cache, a + "3", content);
  EXPECT_TRUE(cache->find(a + "1"));
  EXPECT_FALSE(cache->find(a + "2"));
  put(*cache, b, content + content + content);
  EXPECT_FALSE(cache->find(a + "1"));
}

TEST(Cache, LetsNobodyGoForWhatDoesNotFit) {
  const TestFolder folder;
  const auto cache = open_cache(folder, {.bytes = 4 * 8192, .files = 100});
  const std::string content(4096, 'x');
  for (const auto* name : {"1", "2"}) put(*cache, a + name, content);
  auto draft = cache->begin(test_part(a, 4096)).value();
  EXPECT_FALSE(cache->begin(test_part(b, 4 * 8192 - 4096)));
  EXPECT_FALSE(cache->begin(test_part(b, size_limit_bytes)));
  EXPECT_FALSE(cache->begin(test_part(b, std::numeric_limits<std::uint64_t>::max())));
  EXPECT_TRUE(cache->find(a + "1"));
  EXPECT_TRUE(cache->find(a + "2"));
  EXPECT_EQ(cache->usage().bytes, 3U * 8192);
  // As much as may go, and is free.
  EXPECT_TRUE(cache->begin(test_part(b, 3 * 8192 - 4096)));
  cache->leave(draft, false);
}

TEST(Cache, TakesRoomOnlyForWhatIsNew) {
  const TestFolder folder;
  const std::string half(5 * 4096, 'x');
  constexpr std::uint64_t whole_cost = 11 * 4096;
  const auto cache = open_cache(folder, {.bytes = whole_cost, .files = 100});
  auto draft = cache->begin(test_part(a, 2 * half.size())).value();
  ASSERT_TRUE(cache->append(draft, half));
  cache->leave(draft, true);
  auto resumed = cache->resume(cache->part(a).value());
  ASSERT_TRUE(resumed);
  EXPECT_EQ(cache->usage().bytes, whole_cost);
  ASSERT_TRUE(cache->append(*resumed, half));
  ASSERT_TRUE(cache->finish(*resumed, true));
  EXPECT_EQ(cache->usage().bytes, whole_cost);
  // The former one goes when the new one is whole.
  put(*cache, a, half + half);
  EXPECT_EQ(content_of(*cache, a), half + half);
  EXPECT_EQ(cache->usage().bytes, whole_cost);
}

TEST(Cache, CountsWhatComesWithoutALength) {
  const TestFolder folder;
  const auto cache = open_cache(folder, {.bytes = 64 << 20, .files = 100});
  auto draft = cache->begin(test_part(a, 0)).value();
  const std::string piece(1 << 20, 'x');
  Expected<void> taken;
  for (int i = 0; i < 100 && taken; ++i) taken = cache->append(draft, piece);
  EXPECT_FALSE(taken);
  EXPECT_GT(draft.size(), 40U << 20);
  cache->leave(draft, false);
  EXPECT_EQ(cache->usage().bytes, 0U);
}

TEST(Cache, ForgetsWhatItsFolderLost) {
  const TestFolder folder;
  const auto cache = open_cache(folder);
  put(*cache, a, "hello");
  const auto entry = cache->find(a);
  Folder(folder.path()).remove_data(*entry);
  EXPECT_EQ(content_of(*cache, a), "gone");
  EXPECT_EQ(content_of(*cache, a), "none");
  EXPECT_EQ(cache->usage().bytes, 0U);
}

TEST(Cache, RemovesStrays) {
  const TestFolder folder;
  put(*open_cache(folder), a, "hello");
  const std::string key(32, 'a');
  for (const auto* ending :
       {"whole", "part", "0123456789abcdef", "whole.new", "part.new", "0123456789abcdef.new"})
    std::ofstream(folder.path() + "/" + key + "." + ending) << "stray";
  const auto cache = open_cache(folder);
  EXPECT_EQ(folder.files(), 3U);
  EXPECT_EQ(content_of(*cache, a), "hello");
}

TEST(Cache, LeavesWhatIsSomebodyElses) {
  const TestFolder folder;
  const std::string key(32, 'a');
  const std::vector<std::string> names{"boot.ipxe",   "pixie.toml",    "0123.whole",
                                       "x.part",      ".whole",        key,
                                       key + ".",     key + ".ipxe",   key + ".wholes",
                                       key + ".new",  key + "a.whole", key + ".0123456789ABCDEF",
                                       key + ".0123", "whole.new"};
  for (const auto& name : names) std::ofstream(folder.path() + "/" + name) << "mine";
  const auto cache = open_cache(folder);
  EXPECT_EQ(folder.files(), names.size() + 1);  // and the lock
}

TEST(Cache, IsVerified) {
  const TestFolder folder;
  const auto cache = open_cache(folder);
  const auto entry = put(*cache, a, "hello");
  const Folder looked(folder.path());
  EXPECT_EQ(verify(looked, *entry), Soundness::sound);
  {
    const auto file = looked.open_data(*entry, true);
    ASSERT_EQ(pwrite(file->number(), "j", 1, 0), 1);
  }
  EXPECT_EQ(verify(looked, *entry), Soundness::damaged);
  EXPECT_EQ(verify(looked, *entry), Soundness::gone);
  EXPECT_EQ(content_of(*cache, a), "gone");
}

}  // namespace
}  // namespace pixie::mirror
