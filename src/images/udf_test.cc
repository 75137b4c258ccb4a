#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "images/testing_udf.h"

namespace pixie::images {
namespace {

using ::testing::ElementsAre;
using testing::Entry;
using ::testing::HasSubstr;
using testing::long_ad;
using testing::sector;
using testing::short_ad;
using testing::UdfDisc;

/// A disc with one file, `file`, whose entry is in block 2.
UdfDisc disc_with(const Entry& file) {
  UdfDisc disc;
  disc.write_folder(testing::udf_root_block, {{"file", 2}});
  disc.write_entry(2, file);
  return disc;
}

std::string content_of_file(const testing::Disc& disc, std::string_view path = "file") {
  const auto index = disc.read();
  if (!index) return index.error().text;
  const auto found = (*index)->find(path);
  return found ? disc.content(*found) : "not found";
}

std::string error_of(const testing::Disc& disc) {
  const auto index = disc.read();
  return index ? "none" : index.error().text;
}

TEST(Udf, ReadsFoldersAndFiles) {
  UdfDisc disc;
  disc.write_folder(testing::udf_root_block, {{"boot", 2},
                                              {"\x10" + testing::utf16(u"Größe €"), 3},
                                              {"gone", 99, 0, 0x04},
                                              {"hidden", 3, 0, 0x01}});
  disc.write_folder(2, {{"linux", 3}});
  disc.write_entry(3, {testing::file_type, testing::short_form, 6, short_ad(6, 10), true});
  disc.write_content(10, "kernel");
  const auto index = disc.read();
  ASSERT_TRUE(index) << index.error().text;
  EXPECT_EQ((*index)->format(), "UDF 1.02");
  EXPECT_EQ((*index)->volume_id(), "TITLE");
  EXPECT_EQ((*index)->files(), 3U);
  const auto file = (*index)->find("boot/linux");
  ASSERT_TRUE(file);
  EXPECT_EQ(disc.content(*file), "kernel");
  EXPECT_EQ(file->modified, 1'709'206'215);
  EXPECT_EQ((*index)->find("")->modified, 1'709'206'215);
  EXPECT_TRUE((*index)->find("Größe €"));
  EXPECT_TRUE((*index)->find("hidden"));
  EXPECT_FALSE((*index)->find("gone"));
}

TEST(Udf, ReadsEachFormOfAllocation) {
  const std::string_view two_blocks = "second";
  for (const auto& [form, allocations] :
       {std::pair{testing::short_form, short_ad(sector, 10) + short_ad(6, 20)},
        {testing::long_form, long_ad(sector, 10) + long_ad(6, 20)}}) {
    auto disc = disc_with({testing::file_type, form, sector + 6, allocations});
    disc.write_content(10, std::string(sector, 'a'));
    disc.write_content(20, two_blocks);
    EXPECT_EQ(content_of_file(disc), std::string(sector, 'a') + "second");
  }
  EXPECT_EQ(content_of_file(disc_with({testing::file_type, testing::embedded_form, 5, "hello"})),
            "hello");
  EXPECT_EQ(content_of_file(disc_with({testing::file_type, testing::short_form, 0, ""})), "");
}

TEST(Udf, GivesZerosForWhatIsNotRecorded) {
  auto disc = disc_with({testing::file_type, testing::short_form, 3 * sector,
                         short_ad(sector, 10, 1) + short_ad(sector, 11) + short_ad(sector, 0, 2)});
  for (const auto block : {10U, 11U}) disc.write_content(block, std::string(sector, 'x'));
  const std::string zeros(sector, '\0');
  EXPECT_EQ(content_of_file(disc), zeros + std::string(sector, 'x') + zeros);
  const auto index = *disc.read();
  const auto file = index->find("file");
  EXPECT_THAT(file->extents, ElementsAre(Extent{Extent::zeros, sector},
                                         Extent{(testing::space_begin + 11) * sector, sector},
                                         Extent{Extent::zeros, sector}));
}

/// Allocation descriptors in a block of their own.
std::string more(std::string_view descriptors) {
  return testing::number(0, 4) + testing::number(descriptors.size(), 4) + std::string(descriptors);
}

TEST(Udf, FollowsChainsOfAllocationDescriptors) {
  auto disc = disc_with({testing::file_type, testing::short_form, 2 * sector + 3,
                         short_ad(sector, 10) + short_ad(sector, 5, 3)});
  disc.write_block(5, UdfTag::more_allocations,
                   more(short_ad(sector, 11) + short_ad(sector, 6, 3)));
  disc.write_block(6, UdfTag::more_allocations, more(short_ad(3, 30)));
  disc.write_content(30, "end");
  EXPECT_EQ(content_of_file(disc), std::string(2 * sector, '\0') + "end");

  disc.write_block(6, UdfTag::more_allocations, more(short_ad(sector, 6, 3)));
  EXPECT_THAT(error_of(disc), HasSubstr("/file has no end of descriptors"));
  disc.write_block(6, UdfTag::more_allocations, more(""));
  EXPECT_THAT(error_of(disc), HasSubstr("/file has 3 bytes less than it tells"));
}

TEST(Udf, FollowsLinks) {
  UdfDisc disc;
  disc.write_folder(testing::udf_root_block, {{"sub", 2}, {"file", 3}});
  disc.write_folder(2, {{"link", 4}, {"absolute", 5}});
  disc.write_entry(3, {testing::file_type, testing::embedded_form, 2, "ok"});
  const auto component = [](std::uint8_t type, std::string_view name) {
    const auto text = name.empty() ? "" : testing::osta(name);
    return testing::number(type, 1) + testing::number(text.size(), 1) + testing::number(0, 2) +
           text;
  };
  const auto link = component(4, "") + component(3, "") + component(5, "file");
  disc.write_entry(4, {testing::link_type, testing::embedded_form, link.size(), link});
  const auto absolute = component(2, "") + component(5, "file");
  disc.write_entry(5, {testing::link_type, testing::embedded_form, absolute.size(), absolute});
  EXPECT_EQ(content_of_file(disc, "sub/link"), "ok");
  EXPECT_EQ(content_of_file(disc, "sub/absolute"), "ok");
}

TEST(Udf, FindsPacketsThatWereMoved) {
  UdfDisc disc;
  disc.write_volumes(
      {UdfDisc::special_map("*UDF Sparable Partition",
                            testing::number(4, 2) + testing::number(1, 1) + testing::number(0, 1) +
                                testing::number(sector, 4) + testing::number(100, 4))});
  std::string table(32, '\0');
  table += testing::number(2, 2) + std::string(6, '\0');
  // The packet of blocks 20 to 23 is in sectors 120 to 123.
  table += testing::number(0xffffffff, 4) + testing::number(124, 4) + testing::number(20, 4) +
           testing::number(120, 4);
  disc.write(100, testing::structure(UdfTag{0}, 100, table));
  disc.write_folder(testing::udf_root_block, {{"file", 2}});
  disc.write_entry(2, {testing::file_type, testing::short_form, 3 * sector,
                       short_ad(2 * sector, 19) + short_ad(sector, 24)});
  disc.write_content(19, std::string(sector, '1'));
  disc.write(120, std::string(sector, '2'));
  disc.write_content(24, std::string(sector, '3'));
  EXPECT_EQ(content_of_file(disc),
            std::string(sector, '1') + std::string(sector, '2') + std::string(sector, '3'));
}

/// A disc whose blocks 0, 1, 2 are in blocks 40, 41, 42 of the space; the table is in its last block.
UdfDisc virtual_disc(std::uint16_t revision) {
  UdfDisc disc;
  disc.write_volumes({UdfDisc::plain_map(), UdfDisc::special_map("*UDF Virtual Partition", "")},
                     revision, 1);
  auto table = testing::number(40, 4) + testing::number(41, 4) + testing::number(42, 4);
  if (revision >= 0x0200) {
    table = testing::number(152, 2) + std::string(150, '\0') + table;
  } else {
    table += std::string(36, '\0');
  }
  disc.write_entry(testing::space_blocks - 1,
                   {revision >= 0x0200 ? testing::table_type : std::uint8_t{0},
                    testing::embedded_form, table.size(), table});
  disc.write_block(40, UdfTag::file_set,
                   std::string(400 - 16, '\0') + long_ad(sector, 1, 1) + std::string(96, '\0'));
  const auto content = testing::identifier({"file", 2, 1});
  disc.write_entry(41, {testing::folder_type, testing::embedded_form, content.size(), content});
  disc.write_entry(42, {testing::file_type, testing::long_form, 4, long_ad(4, 50)});
  disc.write_content(50, "data");
  return disc;
}

TEST(Udf, ReadsVirtualPartitions) {
  for (const auto revision : {std::uint16_t{0x0150}, std::uint16_t{0x0201}}) {
    EXPECT_EQ(content_of_file(virtual_disc(revision)), "data");
  }
  auto disc = virtual_disc(0x0150);
  disc.write_content(testing::space_blocks - 1, std::string(16, '\0'));
  EXPECT_THAT(error_of(disc), HasSubstr("virtual allocation table"));
}

/// UDF 2.50: all structures are in the metadata file, whose entry is in block 60, its copy in 61.
UdfDisc metadata_disc() {
  UdfDisc disc;
  disc.write_volumes(
      {UdfDisc::plain_map(), UdfDisc::special_map("*UDF Metadata Partition",
                                                  testing::number(60, 4) + testing::number(61, 4))},
      0x0250, 1);
  for (const auto block : {60U, 61U}) {
    disc.write_entry(block, {250, testing::short_form, 4 * sector,
                             short_ad(2 * sector, 70) + short_ad(2 * sector, 80), true});
  }
  disc.write_block(70, UdfTag::file_set,
                   std::string(400 - 16, '\0') + long_ad(sector, 1, 1) + std::string(96, '\0'));
  const auto content = testing::identifier({"file", 2, 1});
  disc.write_entry(71, {testing::folder_type, testing::short_form, content.size(),
                        short_ad(static_cast<std::uint32_t>(content.size()), 3)});
  disc.write_content(81, content);
  disc.write_entry(80, {testing::file_type, testing::long_form, 4, long_ad(4, 50), true});
  disc.write_content(50, "data");
  return disc;
}

TEST(Udf, ReadsMetadataPartitions) {
  auto disc = metadata_disc();
  EXPECT_EQ(content_of_file(disc), "data");
  EXPECT_EQ((*disc.read())->format(), "UDF 2.50");
  disc.write_content(60, "damaged");
  EXPECT_EQ(content_of_file(disc), "data");
  disc.write_content(61, "damaged");
  EXPECT_THAT(error_of(disc), HasSubstr("metadata file"));
}

TEST(Udf, TakesTheReserveSequenceWhereTheMainOneIsDamaged) {
  auto disc = disc_with({testing::file_type, testing::embedded_form, 2, "ok"});
  disc.write_volumes({UdfDisc::plain_map()}, 0x0102, 0, 64);
  disc.write(32, "damaged");
  EXPECT_EQ(content_of_file(disc), "ok");
  disc.write(64, "damaged");
  EXPECT_THAT(error_of(disc), HasSubstr("volume descriptor"));
}

TEST(Udf, FindsTheAnchorAtTheEnd) {
  auto disc = disc_with({testing::file_type, testing::embedded_form, 2, "ok"});
  const auto anchor = [](std::uint32_t block) {
    return testing::structure(
        UdfTag::anchor, block,
        testing::number(16 * sector, 4) + testing::number(32, 4) + std::string(488, '\0'));
  };
  disc.write(256, std::string(512, '\0'));
  EXPECT_THAT(error_of(disc), HasSubstr("neither"));
  const auto last = testing::space_begin + testing::space_blocks - 1;
  for (const auto block : {last, last - 256}) {
    auto other = disc;
    other.write(block, anchor(block));
    EXPECT_EQ(content_of_file(other), "ok");
  }
  disc.write(last, anchor(last - 1));
  EXPECT_THAT(error_of(disc), HasSubstr("neither"));
}

struct Hostile {
  std::string_view what;
  void (*spoil)(UdfDisc&);
  std::string_view error;
};

// The disc has /sub (block 2) with file (block 3).
const Hostile hostile[] = {
    {"a folder in itself", [](UdfDisc& d) { d.write_folder(2, {{"sub", 2}}); },
     "/sub/sub is another folder, too"},
    {"the root in a folder", [](UdfDisc& d) { d.write_folder(2, {{"root", 1}}); },
     "/sub/root is another folder, too"},
    {"two names for a folder", [](UdfDisc& d) { d.write_folder(1, {{"sub", 2}, {"again", 2}}); },
     "/again is another folder"},
    {"content beyond the image", [](UdfDisc& d) { d.cut(testing::space_begin + 5); },
     "/sub/file has 4 bytes"},
    {"a partition beyond the image", [](UdfDisc& d) { d.cut(testing::space_begin + 2); },
     "beyond the image's end"},
    {"content beyond the partition",
     [](UdfDisc& d) {
       d.write_entry(3, {testing::file_type, testing::short_form, 4, short_ad(4, 100)});
     },
     "/sub/file lies at byte 204800 of a partition of 204800 bytes"},
    {"a partition that is not there", [](UdfDisc& d) { d.write_folder(2, {{"file", 3, 1}}); },
     "/sub/file lies in partition 1 of 1"},
    {"fewer bytes than told",
     [](UdfDisc& d) {
       d.write_entry(3, {testing::file_type, testing::short_form, 99, short_ad(4, 10)});
     },
     "/sub/file has 95 bytes less"},
    {"more bytes than the entry has",
     [](UdfDisc& d) { d.write_entry(3, {testing::file_type, testing::embedded_form, 5, "four"}); },
     "/sub/file has more bytes"},
    {"extended allocation descriptors",
     [](UdfDisc& d) { d.write_entry(3, {testing::file_type, 2, 4, std::string(20, '\1')}); },
     "of a form that UDF does not have"},
    {"half an allocation descriptor",
     [](UdfDisc& d) { d.write_entry(3, {testing::file_type, testing::short_form, 4, "half"}); },
     "half an allocation descriptor"},
    {"a gigantic folder",
     [](UdfDisc& d) {
       d.write_entry(2, {testing::folder_type, testing::short_form, 1ULL << 30,
                         short_ad(1U << 29, 10, 1) + short_ad(1U << 29, 10, 1)});
     },
     "the folder /sub has 1073741824 bytes"},
    {"a folder of zeros",
     [](UdfDisc& d) {
       d.write_entry(
           2, {testing::folder_type, testing::short_form, 1 << 20, short_ad(1 << 20, 10, 1)});
     },
     "the folder /sub has at byte 0 what is no file identifier"},
    {"a wrong CRC", [](UdfDisc& d) { d.write_content(3, testing::number(0xffff, 2)); },
     "/sub/file is"},
    {"no file set", [](UdfDisc& d) { d.write_content(0, std::string(16, '\0')); },
     "UDF's file set"},
    {"the root is a file",
     [](UdfDisc& d) { d.write_entry(1, {testing::file_type, testing::embedded_form, 0, ""}); },
     "UDF's root folder is a file"},
    {"a kind of partition that is not known",
     [](UdfDisc& d) { d.write_volumes({UdfDisc::special_map("*Somebody's Partition", "")}); },
     "kind that is not known (*Somebody's Partition)"},
    {"a partition in nothing",
     [](UdfDisc& d) { d.write_volumes({UdfDisc::special_map("*UDF Virtual Partition", "")}); },
     "UDF's partition 0 is in no other partition"},
    {"a map of no length", [](UdfDisc& d) { d.write_volumes({std::string("\1\0", 2)}); },
     "half a partition map"},
    {"a metadata file in itself",
     [](UdfDisc& d) {
       d.write_volumes({UdfDisc::special_map("*UDF Metadata Partition", std::string(8, '\0'))});
     },
     "UDF's partition 0 is in no other partition"},
};

TEST(Udf, RefusesHostileDiscs) {
  for (const auto& each : hostile) {
    UdfDisc disc;
    disc.write_folder(1, {{"sub", 2}});
    disc.write_folder(2, {{"file", 3}});
    disc.write_entry(3, {testing::file_type, testing::short_form, 4, short_ad(4, 10)});
    ASSERT_EQ(content_of_file(disc, "sub/file"), std::string(4, '\0'));
    each.spoil(disc);
    EXPECT_THAT(error_of(disc), HasSubstr(each.error)) << each.what;
  }
}

}  // namespace
}  // namespace pixie::images
