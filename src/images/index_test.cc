#include "images/index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "images/builder.h"

namespace pixie::images {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::uint64_t image_size = 1'000'000;

Index finished(Builder& builder) { return Index(builder.finish().value()); }

std::vector<std::string> names(const Index& index, std::string_view folder) {
  std::vector<std::string> result;
  for (const auto& node : index.entries(folder)) result.emplace_back(node.name);
  return result;
}

void add_file(Builder& builder, Builder::Folder folder, std::string_view name, std::uint64_t offset,
              std::uint64_t length) {
  const Extent extent{offset, length};
  ASSERT_TRUE(builder.add_file(folder, name, 7, {&extent, 1}));
}

TEST(Index, FindsFilesAndFoldersByPath) {
  Builder builder(image_size);
  const auto boot = *builder.add_folder(Builder::root, "boot", 5);
  const auto grub = *builder.add_folder(boot, "grub", 6);
  add_file(builder, grub, "core.img", 4096, 100);
  add_file(builder, Builder::root, "README", 8192, 3);
  const auto index = finished(builder);

  const auto file = index.find("boot/grub/core.img");
  ASSERT_TRUE(file);
  EXPECT_EQ(file->kind, Index::Kind::file);
  EXPECT_EQ(file->name, "core.img");
  EXPECT_EQ(file->size, 100U);
  EXPECT_EQ(file->modified, 7);
  EXPECT_THAT(file->extents, ElementsAre(Extent{4096, 100}));
  EXPECT_EQ(index.find("boot/grub")->modified, 6);
  EXPECT_EQ(index.find("")->kind, Index::Kind::folder);
  EXPECT_EQ(index.files(), 2U);
  EXPECT_EQ(index.image_size(), image_size);
  for (const auto* absent : {"boo", "boot/", "/boot", "boot//grub", "README/x",
                             "boot/grub/core.img/", ".", "..", "boot/../README"}) {
    EXPECT_FALSE(index.find(absent)) << absent;
  }
}

TEST(Index, ListsFoldersByName) {
  Builder builder(image_size);
  for (const auto* name : {"b", "a", "C", "ä", "a.b", "a-b"}) {
    add_file(builder, Builder::root, name, 0, 1);
  }
  const auto empty = builder.add_folder(Builder::root, "empty", 0);
  ASSERT_TRUE(empty);
  const auto index = finished(builder);
  EXPECT_THAT(names(index, ""), ElementsAre("C", "a", "a-b", "a.b", "b", "empty", "ä"));
  EXPECT_THAT(names(index, "empty"), IsEmpty());
  EXPECT_THAT(names(index, "a"), IsEmpty());
  EXPECT_THAT(names(index, "none"), IsEmpty());
}

TEST(Index, DisregardsCaseOnlyWhereNothingIsFoundAsWritten) {
  Builder builder(image_size);
  const auto efi = *builder.add_folder(Builder::root, "EFI", 0);
  add_file(builder, efi, "BOOTX64.EFI", 100, 1);
  add_file(builder, Builder::root, "Readme", 200, 1);
  add_file(builder, Builder::root, "README", 300, 1);
  add_file(builder, Builder::root, "Ärger", 400, 1);
  const auto index = finished(builder);
  EXPECT_EQ(index.find("efi/bootx64.efi")->name, "BOOTX64.EFI");
  EXPECT_EQ(index.find("Efi/BootX64.EFI")->name, "BOOTX64.EFI");
  EXPECT_EQ(index.find("Readme")->extents[0].offset, 200U);
  EXPECT_EQ(index.find("README")->extents[0].offset, 300U);
  EXPECT_EQ(index.find("readme")->extents[0].offset, 300U);
  EXPECT_TRUE(index.find("ÄRGER"));
  EXPECT_FALSE(index.find("ärger"));
}

TEST(Index, FindsLinksAsWhatTheyLeadTo) {
  Builder builder(image_size);
  const auto dists = *builder.add_folder(Builder::root, "dists", 0);
  const auto bookworm = *builder.add_folder(dists, "bookworm", 9);
  add_file(builder, bookworm, "Release", 64, 8);
  ASSERT_TRUE(builder.add_link(dists, "stable", "bookworm"));
  ASSERT_TRUE(builder.add_link(Builder::root, "debian", "."));
  ASSERT_TRUE(builder.add_link(Builder::root, "release", "dists/stable/Release"));
  const auto index = finished(builder);

  const auto stable = index.find("dists/stable");
  ASSERT_TRUE(stable && stable->link);
  EXPECT_EQ(stable->kind, Index::Kind::folder);
  EXPECT_EQ(stable->name, "stable");
  EXPECT_EQ(stable->modified, 9);
  EXPECT_THAT(names(index, "dists/stable"), ElementsAre("Release"));
  EXPECT_EQ(index.find("dists/stable/Release")->extents[0].offset, 64U);
  EXPECT_EQ(index.find("debian/debian/dists/STABLE/release")->size, 8U);
  const auto file = index.find("release");
  EXPECT_TRUE(file->link && file->kind == Index::Kind::file && file->size == 8);
  EXPECT_EQ(index.files(), 1U);
}

}  // namespace
}  // namespace pixie::images
