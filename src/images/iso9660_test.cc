#include "images/iso9660.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "images/iso_record.h"
#include "images/testing_iso.h"

namespace pixie::images {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using namespace testing;  // NOLINT(google-build-using-namespace): the discs

std::string error_of(const Disc& disc) {
  const auto index = disc.read();
  return index ? "none" : index.error().text;
}

TEST(IsoRecord, ReadsTimes) {
  EXPECT_EQ(iso_time(wire::as_bytes(some_time)), some_seconds);
  EXPECT_EQ(iso_time(wire::as_bytes(std::string_view("\x7c\x02\x1e\0\0\0\0", 7))), 0);
  EXPECT_EQ(iso_time(wire::as_bytes("short")), 0);
  EXPECT_EQ(iso_long_time(wire::as_bytes("2024022912301599\x04")), some_seconds);
  EXPECT_EQ(iso_long_time(wire::as_bytes(std::string_view("0000000000000000\0", 17))), 0);
  EXPECT_EQ(iso_long_time(wire::as_bytes("2024-22912301599\x04")), 0);
}

TEST(Iso9660, ReadsFoldersAndFiles) {
  auto disc = iso_disc({{"BOOT", 21, sector, is_folder}, {"README.;1", 30, 5}});
  write_folder(disc, 21, {{"LINUX.IMG;1", 31, 3}, {"EMPTY.;1", 9999, 0}});
  disc.write(30, "hello");
  const auto index = disc.read();
  ASSERT_TRUE(index) << index.error().text;
  EXPECT_EQ((*index)->format(), "ISO 9660");
  EXPECT_EQ((*index)->volume_id(), "TITLE");
  const auto readme = (*index)->find("readme");
  ASSERT_TRUE(readme);
  EXPECT_EQ(disc.content(*readme), "hello");
  EXPECT_EQ(readme->modified, some_seconds);
  EXPECT_THAT((*index)->find("boot/linux.img")->extents, ElementsAre(Extent{31 * sector, 3}));
  EXPECT_EQ((*index)->find("boot/empty")->size, 0U);
}

TEST(Iso9660, JoinsTheSectionsOfAFile) {
  const auto disc = iso_disc({{"A.;1", 30, sector, goes_on},
                              {"A.;1", 31, sector, goes_on},
                              {"A.;1", 40, 7},
                              {"CUT.;1", 50, sector, goes_on},
                              {"NEXT.;1", 51, 1},
                              {"LAST.;1", 52, sector, goes_on}});
  const auto index = *disc.read();
  EXPECT_THAT(index->find("a")->extents,
              ElementsAre(Extent{30 * sector, 2 * sector}, Extent{40 * sector, 7}));
  EXPECT_EQ(index->find("a")->size, 2 * sector + 7);
  EXPECT_EQ(index->find("cut")->size, sector);
  EXPECT_EQ(index->find("next")->size, 1U);
  EXPECT_EQ(index->find("last")->size, sector);
}

TEST(Iso9660, SkipsExtendedAttributesAndAssociatedFiles) {
  const auto index = *iso_disc({{"A.;1", 30, 5, 0, "", 2}, {"B.;1", 30, 5, is_associated}}).read();
  EXPECT_EQ(index->find("a")->extents[0].offset, 32 * sector);
  EXPECT_FALSE(index->find("b"));
}

TEST(Iso9660, ReadsFoldersOfSeveralSectors) {
  auto disc = iso_disc({});
  write_volume(disc, 16, 1, root_block, "TITLE", {}, 3 * sector);
  disc.write(21, encode({"A.;1", 30, 1}));
  disc.write(22, encode({"B.;1", 30, 1}));
  const auto index = *disc.read();
  EXPECT_TRUE(index->find("a"));
  EXPECT_TRUE(index->find("b"));
}

TEST(Iso9660, ReadsJolietInsteadOfPlainNames) {
  auto disc = iso_disc({{"PLAIN.;1", 30, 1}});
  write_volume(disc, 17, 2, 22, utf16(u"Other"), "%/E");
  disc.write(18,
             "\xff"
             "CD001\1");
  write_folder(disc, 22, {{utf16(u"Größe \U0001F4BF.txt;1"), 30, 1}, {utf16(u"dots...;1"), 30, 1}});
  const auto index = *disc.read();
  EXPECT_EQ(index->format(), "ISO 9660, Joliet");
  EXPECT_EQ(index->volume_id(), "TITLE");
  EXPECT_TRUE(index->find("Größe 💿.txt"));
  EXPECT_TRUE(index->find("dots"));
  EXPECT_FALSE(index->find("plain"));
}

TEST(Iso9660, TakesNoOtherSupplementaryVolumeForJoliet) {
  auto disc = iso_disc({{"PLAIN.;1", 30, 1}});
  write_volume(disc, 17, 2, 22, "Other", "%/X");
  EXPECT_TRUE((*disc.read())->find("plain"));
}

struct Hostile {
  std::string_view what;
  void (*spoil)(Disc&);
  std::string_view error;
};

// The disc has /SUB (sector 21) with FILE (sector 30).
const Hostile hostile[] = {
    {"a folder in itself", [](Disc& d) { write_folder(d, 21, {{"SUB", 21, sector, is_folder}}); },
     "the folder /sub/sub, at block 21, is another folder, too"},
    {"the root in a folder",
     [](Disc& d) { write_folder(d, 21, {{"ROOT", root_block, sector, is_folder}}); },
     "the folder /sub/root, at block 20, is another folder, too"},
    {"a folder beyond the image",
     [](Disc& d) { write_folder(d, 21, {{"FAR", 64, sector, is_folder}}); },
     "the folder /sub/far, at block 64, lies at byte 131072, beyond the image's end"},
    {"a folder that ends beyond the image",
     [](Disc& d) { write_folder(d, 21, {{"FAR", 63, 2 * sector, is_folder}}); },
     "the folder /sub/far, at block 63, lies at"},
    {"a gigantic folder",
     [](Disc& d) { write_folder(d, 21, {{"BIG", 22, 0xfffff800, is_folder}}); },
     "the folder /sub/big, at block 22, has 4294965248 bytes of records"},
    {"a file beyond the image", [](Disc& d) { write_folder(d, 21, {{"F.;1", 63, sector + 1}}); },
     "/sub/f has 2049 bytes"},
    {"a file at the end of all numbers",
     [](Disc& d) { write_folder(d, 21, {{"F.;1", ~0U, ~0U, 0, "", 255}}); }, "/sub/f has"},
    {"a short record", [](Disc& d) { d.write(21, number(33, 1), 68); },
     "the folder /sub, at block 21, has a record that is too short at byte 68"},
    {"a record beyond the folder",
     [](Disc& d) { write_folder(d, root_block, {{"SUB", 21, 80, is_folder}}); },
     "a record that is too short at byte 68"},
    {"a name longer than its record", [](Disc& d) { d.write(21, number(250, 1), 68 + 32); },
     "a record that is too short"},
    {"an interleaved file", [](Disc& d) { write_folder(d, 21, {{"F.;1", 30, 1, 0, "", 0, 1, 1}}); },
     "/sub/f is interleaved"},
    {"strange blocks", [](Disc& d) { d.write(16, both(4096, 2), 128); }, "blocks of 4096 bytes"},
    {"no root", [](Disc& d) { d.write(16, number(0, 1), 156); }, "no root folder"},
    {"no volume", [](Disc& d) { d.write(16, "x", 1); }, "neither ISO 9660 nor UDF"},
    {"nothing", [](Disc& d) { d.cut(0); }, "neither ISO 9660 nor UDF"},
    {"a root beyond the image", [](Disc& d) { d.cut(20); },
     "the root folder, at block 20, lies at"},
};

TEST(Iso9660, RefusesHostileDiscs) {
  for (const auto& each : hostile) {
    auto disc = iso_disc({{"SUB", 21, sector, is_folder}});
    write_folder(disc, 21, {{"FILE.;1", 30, 4}});
    ASSERT_TRUE((*disc.read())->find("sub/file"));
    each.spoil(disc);
    EXPECT_THAT(error_of(disc), HasSubstr(each.error)) << each.what;
  }
}

TEST(Iso9660, RefusesFoldersTooDeep) {
  Disc disc(300);
  write_volume(disc, 16, 1, root_block);
  for (std::uint32_t i = root_block; i < 200; ++i) {
    write_folder(disc, i, {{"D", i + 1, sector, is_folder}});
  }
  EXPECT_THAT(error_of(disc), HasSubstr("is deeper than 128"));
}

/// Blocks whose content is asked for again and again through folders that overlap.
TEST(Iso9660, RefusesFoldersThatOverlapWithoutEnd) {
  Disc disc(1000);
  std::vector<Record> records;
  for (std::uint32_t i = 0; i < 50; ++i) {
    records.push_back({fmt::format("D{}", i), 30 + i, 900 * sector, is_folder});
  }
  write_volume(disc, 16, 1, root_block);
  write_folder(disc, root_block, records);
  EXPECT_THAT(error_of(disc), HasSubstr("of metadata, more than any real image"));
}

}  // namespace
}  // namespace pixie::images
