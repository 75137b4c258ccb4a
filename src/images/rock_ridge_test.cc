#include "images/rock_ridge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "images/testing_iso.h"

namespace pixie::images {
namespace {

using ::testing::HasSubstr;
using namespace testing;  // NOLINT(google-build-using-namespace): the discs

std::string component(std::uint8_t flags, std::string_view text) {
  return number(flags, 1) + number(text.size(), 1) + std::string(text);
}
std::string link_field(std::string_view components, std::uint8_t flags = 0) {
  return field("SL", number(flags, 1) + std::string(components));
}

RockRidge parsed(std::string_view system_use) {
  const Disc disc(1);
  const MemorySource source(disc.bytes());
  Metadata image(source);
  return parse_rock_ridge(image, wire::as_bytes(system_use), sector).value();
}

TEST(RockRidge, JoinsNamesAndLinks) {
  EXPECT_EQ(parsed(name_field("long ", 1) + name_field("name")).name, "long name");
  EXPECT_EQ(parsed(name_field("", 2)).name, "");
  EXPECT_EQ(parsed(link_field(component(4, "") + component(0, "a") + component(2, "") +
                              component(0, "b")))
                .target,
            "../a/./b");
  EXPECT_EQ(parsed(link_field(component(8, "") + component(0, "boot"))).target, "/boot");
  EXPECT_EQ(parsed(link_field(component(0, "x") + component(1, "par"), 1) +
                   link_field(component(0, "ts") + component(0, "y")))
                .target,
            "x/parts/y");
  EXPECT_FALSE(parsed(name_field("plain")).target);
}

TEST(RockRidge, ReadsTimesAndTypes) {
  const std::string other(7, '\0');
  EXPECT_EQ(parsed(field("TF", "\x02" + std::string(some_time))).modified, some_seconds);
  EXPECT_EQ(parsed(field("TF", "\x0f" + other + std::string(some_time) + other + other)).modified,
            some_seconds);
  EXPECT_EQ(parsed(field("TF",
                         "\x82"
                         "2024022912301500\x04"))
                .modified,
            some_seconds);
  EXPECT_FALSE(parsed(field("TF", "\x01" + other)).modified);
  const auto mode = [](std::uint32_t value) {
    return parsed(field("PX", both(value) + both(1) + both(0) + both(0)));
  };
  EXPECT_FALSE(mode(0100644).is_special);
  EXPECT_TRUE(mode(0060644).is_special);
  EXPECT_TRUE(mode(0120777).target);
}

TEST(RockRidge, SurvivesBrokenFields) {
  for (const auto& system_use :
       {std::string("N"), std::string("NM\0\1", 4), std::string("NM\x05", 3),
        std::string("NM\xff\1\0ab", 7), field("NM", ""),
        field("SL", std::string_view("\0\0\xff"
                                     "abc",
                                     6)),
        field("TF", "\x02"), field("PX", "\1"), field("CE", "\1"), field("ER", "\xff"),
        std::string(255, '\xff')}) {
    EXPECT_EQ(parsed(system_use).name, "");
  }
  EXPECT_EQ(parsed(name_field("a") + field("ST", "") + name_field("b")).name, "a");
}

/// A disc with Rock Ridge whose root has one file with these fields.
Disc disc_with(std::string_view fields) {
  return iso_disc({{"F.;1", 30, 4, 0, std::string(fields)}}, rock_ridge_root());
}

std::string first_name(const Disc& disc) {
  const auto index = disc.read();
  if (!index) return index.error().text;
  const auto entries = (*index)->entries("");
  return entries.empty() ? "none" : std::string(entries[0].name);
}

TEST(RockRidge, IsFoundByTheRootsOwnRecord) {
  EXPECT_EQ(first_name(disc_with(name_field("Name"))), "Name");
  EXPECT_EQ((*disc_with("").read())->format(), "ISO 9660, Rock Ridge");
  EXPECT_EQ(first_name(disc_with("")), "f");
  EXPECT_EQ(first_name(iso_disc({{"F.;1", 30, 4, 0, name_field("Name")}})), "f");
  EXPECT_EQ(first_name(iso_disc({{"F.;1", 30, 4, 0, name_field("Name")}},
                                field("SP", std::string_view("\xbe\xef\0", 3)))),
            "f");
  // CD-ROM XA's 14 bytes are in each record.
  const std::string xa(14, '\0');
  EXPECT_EQ(first_name(iso_disc({{"F.;1", 30, 4, 0, xa + name_field("Name")}},
                                xa + field("SP", "\xbe\xef\x0e") + field("RR", "\x81"))),
            "Name");
}

TEST(RockRidge, FollowsContinuationAreas) {
  auto disc = disc_with(name_field("one ", 1) + continued_at(40, 100, 37));
  disc.write(40, name_field("two ", 1) + continued_at(41, 0, 12), 100);
  disc.write(41, name_field("three"));
  EXPECT_EQ(first_name(disc), "one two three");
}

TEST(RockRidge, RefusesContinuationAreasInACircle) {
  auto disc = disc_with(continued_at(40, 0, 28));
  disc.write(40, continued_at(40, 0, 28));
  EXPECT_THAT(first_name(disc), HasSubstr("/f has continuation areas without an end"));
  EXPECT_THAT(first_name(disc_with(continued_at(40, 0, 1 << 20))), HasSubstr("without an end"));
  EXPECT_THAT(first_name(disc_with(continued_at(63, 2000, 100))),
              HasSubstr("/f has a continuation area that lies"));
  EXPECT_THAT(first_name(disc_with(continued_at(~0U, ~0U, 100))),
              HasSubstr("beyond the image's end"));
}

TEST(RockRidge, PutsMovedFoldersBack) {
  const auto moved_to = field("CL", both(22));
  auto disc = iso_disc({{"DEEP.;1", 22, 0, 0, name_field("deep") + moved_to},
                        {"RR_MOVED", 21, sector, is_folder, name_field("rr_moved")}},
                       rock_ridge_root());
  write_folder(disc, 21, {{"DEEP", 22, sector, is_folder, name_field("deep") + field("RE", "")}});
  write_folder(disc, 22, {{"F.;1", 30, 4, 0, name_field("file")}});
  const auto index = *disc.read();
  EXPECT_TRUE(index->find("deep/file"));
  EXPECT_TRUE(index->entries("rr_moved").empty());

  const auto refused = [&](std::uint32_t block) {
    auto other = iso_disc({{"DEEP.;1", 22, 0, 0, name_field("deep") + field("CL", both(block))}},
                          rock_ridge_root());
    return first_name(other);
  };
  EXPECT_THAT(refused(root_block),
              HasSubstr("the folder /deep, at block 20, is another folder, too"));
  EXPECT_THAT(refused(30), HasSubstr("/deep is moved to block 30, which is no folder"));
  EXPECT_THAT(refused(64), HasSubstr("/deep is moved to block 64, which lies"));
}

TEST(RockRidge, LeavesOutDevices) {
  const auto device = field("PX", both(0020600) + both(1) + both(0) + both(0));
  EXPECT_EQ(first_name(disc_with(name_field("null") + device)), "none");
}

}  // namespace
}  // namespace pixie::images
