#include "recipes/recognise.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "recipes/cookbook.h"
#include "recipes/fill.h"
#include "recipes/recogniser.h"
#include "recipes/testing.h"

namespace pixie::recipes {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::MemoryImage;
using ::testing::Not;

Recognition look(
    const std::string& image_text, const std::string& name = "disc",
    const HasRom& has_rom = [](auto) { return true; }) {
  static const auto book = read_cookbook({});
  const MemoryImage contents(image_text);
  images::Image image;
  image.file = contents.file();
  image.name = name;
  return recognise(image, contents, book.recipes, has_rom, profile_name(image.name));
}

std::vector<std::string> faults(const Recognition& found) {
  std::vector<std::string> lines;
  const auto fleet =
      machines::Fleet::load({.settings = {}, .texts = {}, .generated = found.generated});
  if (fleet) return lines;
  for (const auto& mistake : fleet.error()) lines.push_back(mistake.one_line());
  return lines;
}

TEST(Recognise, TakesNoCommandFromAnImage) {
  const auto found = look("file disc.iso\nvolume A || shell {{mac}} $\\{x}\nel-torito bios\n");
  EXPECT_EQ(found.recipe, "iso");
  EXPECT_THAT(faults(found), IsEmpty());
  const auto live = look(
      "file disc.iso\nvolume ARCH_1\n== arch/boot/x86_64/vmlinuz-linux\n"
      "== arch/boot/x86_64/initramfs-linux.img\n== arch/x86_64/airootfs.sfs\n"
      "== arch/version\n1 || shell \"{{mac}}\"\n",
      "a\"b {{mac}}\n");
  EXPECT_THAT(faults(live), IsEmpty());
  EXPECT_EQ(live.title, "Arch Linux 1 || shell \"{{mac}}\"");
  const auto& toml = live.generated.settings.at(0).content;
  EXPECT_THAT(toml, HasSubstr("/images/a%22b%20%7B%7Bmac%7D%7D%0A/arch/boot"));
}

TEST(Recognise, FactsBecomeOneWord) {
  const auto found = look(
      "file disc.iso\nvolume NIXOS\n== boot/bzImage\n== boot/initrd\n"
      "== nix-store.squashfs\n== isolinux/isolinux.cfg\n"
      "APPEND init=/nix/$(x);{{mac}}/init root=x\n");
  EXPECT_THAT(found.generated.settings.at(0).content,
              HasSubstr("init=/nix/__x____mac__/init root=/nixos.iso"));
  EXPECT_THAT(faults(found), IsEmpty());
}

TEST(Recognise, ATitleIsNeverEmpty) {
  const auto text =
      "file ubuntu.iso\nvolume Ubuntu-Serv\xffr\nel-torito uefi\nrequires efi-arm64\n== "
      ".disk/info\n"
      "Ubuntu-Server 24.04 LTS \"Noble Numbat\xff\b arm64 (20240423)\n"
      "== casper/initrd\n== casper/vmlinuz\n";
  for (const auto* name : {"ubuntu", " ", " / "}) {
    const auto found = look(text, name);
    EXPECT_THAT(found.title, Not(IsEmpty()));
    EXPECT_THAT(faults(found), IsEmpty()) << found.generated.settings.at(0).content;
  }
  EXPECT_EQ(look(text, "ubuntu").title, "ubuntu");
}

TEST(Recognise, SaysWhatTheRomFolderLacks) {
  const auto text = "file disc.iso\nvolume W\n== sources/boot.wim\n== boot/bcd\n== boot/boot.sdi\n";
  const auto found = look(text, "win", [](auto) { return false; });
  ASSERT_EQ(found.entries.size(), 1U);
  EXPECT_THAT(found.entries[0].missing, ElementsAre("wimboot"));
  EXPECT_THAT(faults(found), IsEmpty());
  EXPECT_THAT(found.generated.texts.at(0).content, HasSubstr("echo win needs what pixie can't"));
  EXPECT_THAT(look(text, "win").entries.at(0).missing, IsEmpty());
}

TEST(Recognise, AnImageWithoutWhatARecipeBootsHasNoEntry) {
  const auto found =
      look("file disc.iso\nvolume A\n== images/install.img\n== images/pxeboot/vmlinuz\n");
  EXPECT_EQ(found.recipe, "redhat");
  EXPECT_THAT(found.entries, IsEmpty());
  EXPECT_THAT(faults(found), IsEmpty());
}

TEST(ProfileName, IsOneThatRulesCanName) {
  EXPECT_EQ(profile_name("debian-12"), "debian-12");
  EXPECT_EQ(profile_name("tools/my disc"), "tools-my-disc");
  EXPECT_EQ(profile_name(".x"), "-x");
  EXPECT_EQ(profile_name("Größe"), "Gr--e");
  EXPECT_EQ(profile_name(std::string(100, 'a')).size(), 48U);
}

TEST(Fill, LeavesATextThatATemplateGivesBackAsItIs) {
  for (const auto* text : {"a {{b}} c", "{{{{", "{{{", "}}", "\\{{x}}", "a\\b", "{{#if", ""}) {
    const auto parsed = script::Template::parse(escaped(text), "t");
    ASSERT_TRUE(parsed) << text;
    const auto rendered = parsed->render(script::Scope({}), script::Reader::text);
    ASSERT_TRUE(rendered) << text;
    if (std::string_view(text).starts_with("\\{{")) {
      EXPECT_EQ(*rendered, "\\{ {x}}");
    } else {
      EXPECT_EQ(*rendered, text);
    }
  }
}

class RecogniserTest : public ::testing::Test {
 protected:
  RecogniserTest() {
    std::string pattern = (fs::temp_directory_path() / "pixie-recogniser-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    write("memtest/memtest86+x64.bin", "");
    write("memtest/memtest86+x64.efi", "");
    recogniser_.use({}, {});
  }
  ~RecogniserTest() override { fs::remove_all(folder_); }
  RecogniserTest(const RecogniserTest&) = delete;
  RecogniserTest& operator=(const RecogniserTest&) = delete;

  void write(const std::string& name, std::string_view text) const {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << text;
  }
  images::Images images(std::int64_t version = 1) const {
    images::Image image;
    image.name = image.file = "memtest";
    image.kind = images::ImageKind::folder;
    image.stamp.modified_ns = version;
    images::Images images;
    images.folder = folder_;
    images.all.emplace(image.name, image);
    return images;
  }

  fs::path folder_;
  Recogniser recogniser_;
};

TEST_F(RecogniserTest, LooksAtAnImageOnce) {
  EXPECT_THAT(recogniser_.look_at(images()), ElementsAre("memtest"));
  EXPECT_THAT(recogniser_.look_at(images()), IsEmpty());
  EXPECT_THAT(recogniser_.look_at(images(2)), ElementsAre("memtest"));
  ASSERT_TRUE(recogniser_.find("memtest"));
  EXPECT_EQ(recogniser_.find("memtest")->recognition.recipe, "memtest");
  EXPECT_EQ(recogniser_.with_titles(images()).all.at("memtest").title, "Memtest86+");
  EXPECT_EQ(recogniser_.generated().settings.size(), 1U);
}

TEST_F(RecogniserTest, LooksAnewWhenRecipesOrRomsChange) {
  recogniser_.look_at(images());
  recogniser_.use({}, {});
  EXPECT_THAT(recogniser_.look_at(images()), IsEmpty());
  recogniser_.use({}, {"wimboot"});
  EXPECT_THAT(recogniser_.look_at(images()), ElementsAre("memtest"));
  recogniser_.use({{"recipes/bad.toml", "x"}}, {"wimboot"});
  EXPECT_THAT(recogniser_.look_at(images()), ElementsAre("memtest"));
  EXPECT_THAT(recogniser_.mistakes(), Not(IsEmpty()));
}

TEST_F(RecogniserTest, ARecipeThatMakesNoProfileIsAMistake) {
  recogniser_.use(
      {{"recipes/memtest.toml",
        "title = \"x\"\n[[match]]\nfiles = \"memtest*\"\n[[boot]]\nkernel = \"/a b\"\n"}},
      {});
  recogniser_.look_at(images());
  ASSERT_EQ(recogniser_.mistakes().size(), 1U);
  EXPECT_THAT(recogniser_.mistakes()[0].one_line(), HasSubstr("image memtest:"));
  EXPECT_THAT(recogniser_.generated().settings, IsEmpty());
}

TEST_F(RecogniserTest, FollowsNoLinkOutOfAFolder) {
  write("secret", "s");
  fs::create_symlink(folder_ / "secret", folder_ / "memtest" / "out");
  const FolderContents contents((folder_ / "memtest").string());
  EXPECT_EQ(contents.kind("out"), Contents::Kind::nothing);
  EXPECT_EQ(contents.text("out"), std::nullopt);
  EXPECT_EQ(contents.kind("../secret"), Contents::Kind::nothing);
  EXPECT_EQ(contents.kind("memtest86+x64.bin"), Contents::Kind::file);
}

}  // namespace
}  // namespace pixie::recipes
