#include "images/image.h"

#include <gtest/gtest.h>

#include "images/upload.h"

namespace pixie::images {
namespace {

Images with(std::initializer_list<const char*> names) {
  Images images;
  for (const std::string name : names)
    images.all[name] = Image{.name = name, .file = name + ".iso"};
  return images;
}

TEST(Images, AreFoundByTheirNamesAndByWhatIsInThem) {
  const auto images = with({"debian-12", "tools/memtest", "x"});
  const auto found = [&](std::string_view path) {
    const auto place = images.find(path);
    return place ? place->image.name + ":" + std::string(place->path) : "none";
  };
  EXPECT_EQ(found("debian-12"), "debian-12:");
  EXPECT_EQ(found("debian-12/install.amd/vmlinuz"), "debian-12:install.amd/vmlinuz");
  EXPECT_EQ(found("tools/memtest/a"), "tools/memtest:a");
  EXPECT_EQ(found("x/y"), "x:y");
  for (const auto* path : {"", "tools", "debian-1", "debian-12.iso", "debian-123/a", "tools/a"})
    EXPECT_EQ(found(path), "none") << path;
}

TEST(Images, HaveAKindByTheirEnding) {
  EXPECT_EQ(kind_of_file("a.iso"), ImageKind::iso);
  EXPECT_EQ(kind_of_file("A.B.ISO"), ImageKind::iso);
  EXPECT_EQ(kind_of_file("a.img"), ImageKind::disk);
  EXPECT_EQ(kind_of_file("shellx64.efi"), ImageKind::efi);
  EXPECT_EQ(kind_of_file("boot.WIM"), ImageKind::wim);
  for (const auto* name : {"", "iso", ".iso", "a.isos", "a.iso.part", "a.folder"})
    EXPECT_FALSE(kind_of_file(name)) << name;
}

TEST(Images, AreUploadedUnderNamesOfImagesOnly) {
  for (const auto* file : {"a.iso", "tools/a b.img", "ä.ISO"})
    EXPECT_TRUE(check_file(file)) << file;
  for (const auto* file : {"", "a", "a.txt", ".a.iso", ".hidden/a.iso", "a//b.iso", "/a.iso",
                           "a/.iso", "../a.iso", "./a.iso"})
    EXPECT_FALSE(check_file(file)) << file;
  EXPECT_FALSE(check_file(std::string(300, 'a') + ".iso"));
}

}  // namespace
}  // namespace pixie::images
