#include "images/index_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "images/builder.h"

namespace pixie::images {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Index some_index() {
  Builder builder(100'000);
  const auto boot = *builder.add_folder(Builder::root, "boot", -5);
  const std::vector<Extent> extents{{2048, 100}, {Extent::zeros, 50}, {90'000, 10'000}};
  EXPECT_TRUE(builder.add_file(boot, "linux", 1'700'000'000, extents));
  EXPECT_TRUE(builder.add_file(Builder::root, "Empty", 1, {}));
  EXPECT_TRUE(builder.add_link(Builder::root, "self", "."));
  EXPECT_TRUE(builder.add_link(boot, "vmlinuz", "linux"));
  auto storage = builder.finish().value();
  storage.volume_id = "TITLE";
  storage.format = "UDF 1.02";
  storage.boot_images = {{0, {2048, 4}}, {0xef, {0, 100'000}}};
  return Index(std::move(storage));
}

TEST(IndexFile, ReadsWhatItWrote) {
  const auto bytes = write_index(some_index());
  const auto index = parse_index(wire::as_bytes(bytes));
  ASSERT_TRUE(index) << index.error().text;
  EXPECT_EQ(write_index(**index), bytes);
  EXPECT_EQ((*index)->image_size(), 100'000U);
  EXPECT_EQ((*index)->volume_id(), "TITLE");
  EXPECT_EQ((*index)->format(), "UDF 1.02");
  EXPECT_EQ((*index)->files(), 2U);
  EXPECT_THAT((*index)->boot_images(),
              ElementsAre(Index::BootImage{0, {2048, 4}}, Index::BootImage{0xef, {0, 100'000}}));
  const auto linux = (*index)->find("self/BOOT/vmlinuz");
  ASSERT_TRUE(linux);
  EXPECT_TRUE(linux->link);
  EXPECT_EQ(linux->size, 10'150U);
  EXPECT_EQ(linux->modified, 1'700'000'000);
  EXPECT_THAT(linux->extents,
              ElementsAre(Extent{2048, 100}, Extent{Extent::zeros, 50}, Extent{90'000, 10'000}));
  EXPECT_EQ((*index)->find("boot")->modified, -5);
}

TEST(IndexFile, RefusesEveryDamage) {
  const auto bytes = write_index(some_index());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    auto damaged = bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
    EXPECT_FALSE(parse_index(wire::as_bytes(damaged))) << i;
    EXPECT_FALSE(parse_index(wire::as_bytes(bytes).first(i))) << i;
  }
  EXPECT_FALSE(parse_index(wire::as_bytes(bytes + "x")));
}

TEST(IndexFile, TellsAnotherVersion) {
  auto bytes = write_index(some_index());
  bytes[8] = 99;
  EXPECT_THAT(parse_index(wire::as_bytes(bytes)).error().text, HasSubstr("another version"));
}

struct Unsound {
  std::string_view what;
  void (*spoil)(Index::Storage&);
};

// Entries: the root, Empty, boot, self (a link to 0), linux, vmlinuz (a link to 4).
const Unsound unsound[] = {
    {"no root", [](Index::Storage& s) { s.entries.clear(); }},
    {"a root that is a file", [](Index::Storage& s) { s.entries[0].kind = Index::Kind::file; }},
    {"a folder in itself", [](Index::Storage& s) { s.entries[2].first = 2; }},
    {"more entries than there are", [](Index::Storage& s) { s.entries[2].count = 3; }},
    {"entries in no folder", [](Index::Storage& s) { s.entries[2].count = 1; }},
    {"a name outside the names", [](Index::Storage& s) { s.entries[1].name = 1000; }},
    {"an end outside the names", [](Index::Storage& s) { s.entries[1].name_length = 1000; }},
    {"a slash", [](Index::Storage& s) { s.names[s.entries[4].name] = '/'; }},
    {"no name", [](Index::Storage& s) { s.entries[4].name_length = 0; }},
    {"no order", [](Index::Storage& s) { s.names[s.entries[1].name] = 'x'; }},
    {"extents outside the extents", [](Index::Storage& s) { s.entries[4].count = 4; }},
    {"an extent outside the image", [](Index::Storage& s) { s.extents[2].length += 1; }},
    {"an empty extent", [](Index::Storage& s) { s.extents[1].length = 0; }},
    {"a size without end", [](Index::Storage& s) { s.extents[1].length = ~0ULL - 10; }},
    {"a link to a link", [](Index::Storage& s) { s.entries[5].first = 3; }},
    {"a link to itself", [](Index::Storage& s) { s.entries[5].first = 5; }},
    {"a link to nothing", [](Index::Storage& s) { s.entries[5].first = 6; }},
    {"a link that tells another kind", [](Index::Storage& s) { s.entries[5].first = 0; }},
    {"a boot image outside the image",
     [](Index::Storage& s) { s.boot_images[0].extent.offset = 99'999; }},
    {"a smaller image", [](Index::Storage& s) { s.image_size = 99'999; }},
};

TEST(IndexFile, RefusesWhatIsUnsoundThoughItsSumIsRight) {
  for (const auto& each : unsound) {
    auto index = some_index();
    // Only the writer sees it; it looks at nothing but the storage.
    each.spoil(const_cast<Index::Storage&>(index.storage()));
    EXPECT_FALSE(parse_index(wire::as_bytes(write_index(index)))) << each.what;
  }
}

}  // namespace
}  // namespace pixie::images
