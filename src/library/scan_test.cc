#include "library/scan.h"

#include <chrono>
#include <filesystem>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include "library/testing.h"

namespace pixie::library {
namespace {

namespace fs = std::filesystem;

class ScanTest : public testing::Test {
 protected:
  /// `name=file(kind)` of each image.
  std::string found() const {
    tree::Folder folder(base.path());
    const auto images = scan(folder);
    EXPECT_TRUE(images);
    std::vector<std::string> texts;
    for (const auto& [name, image] : images->all) {
      EXPECT_EQ(name, image.name);
      texts.push_back(fmt::format("{}={}({})", name, image.file, images::kind_name(image.kind)));
    }
    return fmt::format("{}", fmt::join(texts, " "));
  }

  TestFolder base;
};

TEST_F(ScanTest, FindsImagesAndGroups) {
  for (const auto* file : {"debian-12.iso", "tools/memtest.efi", "tools/disk/dos.IMG", "boot.wim",
                           "README.txt", ".hidden.iso", ".cache/a.iso"})
    base.write(file);
  EXPECT_EQ(
      found(),
      "boot=boot.wim(wim) debian-12=debian-12.iso(iso) tools/disk/dos=tools/disk/dos.IMG(img) "
      "tools/memtest=tools/memtest.efi(efi)");
}

TEST_F(ScanTest, TakesAFolderWithAMarkForAnUnpackedImage) {
  for (const auto* file : {"arch/EFI/BOOT/bootx64.efi", "arch/shellx64.efi", "debian/.disk/info",
                           "debian/install/a.iso", "windows/bootmgr", "windows/sources/boot.wim",
                           "fedora/vmlinuz", "fedora/initrd.img"})
    base.write(file);
  EXPECT_EQ(
      found(),
      "arch=arch(folder) debian=debian(folder) fedora=fedora(folder) windows=windows(folder)");
}

TEST_F(ScanTest, TakesAFolderOfOtherFilesForAnUnpackedImage) {
  for (const auto* file : {"mine/kernel", "mine/deep/a.iso", "isos/README", "isos/a.iso",
                           "litter/.DS_Store", "litter/b/c.iso"})
    base.write(file);
  EXPECT_EQ(found(), "isos/a=isos/a.iso(iso) litter/b/c=litter/b/c.iso(iso) mine=mine(folder)");
}

TEST_F(ScanTest, GivesNoNameTwice) {
  for (const auto* file : {"a.iso", "a/vmlinuz", "b.iso", "b.img", "b.efi", "c.iso", "c/d.iso"})
    base.write(file);
  EXPECT_EQ(found(),
            "a=a(folder) a.iso=a.iso(iso) b=b.iso(iso) b.efi=b.efi(efi) b.img=b.img(img) "
            "c.iso=c.iso(iso) c/d=c/d.iso(iso)");
}

TEST_F(ScanTest, TellsAnUnpackedImageByTheNewestFolderInIt) {
  using std::chrono::hours;
  base.write("a/vmlinuz");
  base.write("a/boot/grub/grub.cfg");
  fs::create_directory_symlink(".", base.path("a/loop"));
  for (const auto* folder : {"a/boot/grub", "a/boot", "a"}) base.age(folder, hours(3));
  const auto look = [this] {
    tree::Folder folder(base.path());
    return scan(folder)->all.at("a");
  };
  const auto old = look();
  EXPECT_EQ(look().stamp, old.stamp);
  base.age("a/boot/grub", hours(2));
  const auto deep = look();
  EXPECT_NE(deep.stamp, old.stamp);
  EXPECT_GE(deep.modified - old.modified, 3590);
  base.age("a/boot", hours(1));
  EXPECT_NE(look().stamp, deep.stamp);
}

TEST_F(ScanTest, ComesToAnEnd) {
  base.write("group/a.iso");
  fs::create_directory_symlink(".", base.path("group/loop"));
  std::string deep = "deep";
  for (int i = 0; i < 20; ++i) deep += "/deep";
  base.write(deep + "/b.iso");
  tree::Folder folder(base.path());
  const auto images = scan(folder);
  ASSERT_TRUE(images);
  EXPECT_TRUE(images->all.contains("group/a"));
  EXPECT_FALSE(images->all.contains(deep + "/b"));
  EXPECT_LE(images->all.size(), static_cast<std::size_t>(deepest_group) + 1);
}

TEST_F(ScanTest, TellsWhatDidNotComeWhole) {
  base.write(".a.iso.100.part", "12345");
  base.write("group/.b.iso.7.part", "1");
  base.write("group/c.iso");
  tree::Folder folder(base.path());
  const auto images = scan(folder);
  ASSERT_TRUE(images);
  ASSERT_EQ(images->uploads.size(), 2U);
  const auto& first = images->uploads[images->uploads[0].file == "a.iso" ? 0 : 1];
  EXPECT_EQ(first.file, "a.iso");
  EXPECT_EQ(first.received, 5U);
  EXPECT_EQ(first.size, 100U);
  EXPECT_EQ(images->all.size(), 1U);
}

TEST_F(ScanTest, SaysWhyItCanNot) {
  tree::Folder folder(base.path("none"));
  const auto images = scan(folder);
  ASSERT_FALSE(images);
  EXPECT_TRUE(images.error().text.contains("No such file")) << images.error().text;
}

}  // namespace
}  // namespace pixie::library
