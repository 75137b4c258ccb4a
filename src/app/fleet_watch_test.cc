#include "app/fleet_watch.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <initializer_list>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pixie::app {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

namespace fs = std::filesystem;

/// Programs for UEFI, which have nothing in them to be read.
std::shared_ptr<const images::Images> programs(std::initializer_list<std::string> names) {
  images::Images images;
  for (const auto& name : names) {
    images::Image image;
    image.name = name;
    image.file = name + ".efi";
    image.kind = images::ImageKind::efi;
    images.all.emplace(name, std::move(image));
  }
  return std::make_shared<const images::Images>(std::move(images));
}

class FleetWatchTest : public ::testing::Test {
 protected:
  FleetWatchTest() {
    std::string pattern = (fs::temp_directory_path() / "pixie-fleet-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  ~FleetWatchTest() override { fs::remove_all(folder_); }
  FleetWatchTest(const FleetWatchTest&) = delete;
  FleetWatchTest& operator=(const FleetWatchTest&) = delete;

  void write(const std::string& name, std::string_view text) const {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << text;
  }
  /// Keeps the title of the profile `shell` in each fleet that is told of.
  void start(FleetWatch& watch) {
    watch.start([this](const FleetWatch::Fleet& fleet) {
      const auto* profile = fleet ? fleet->profile("shell") : nullptr;
      told_.push_back(profile ? profile->title : "-");
    });
  }

  fs::path folder_;
  std::vector<std::string> told_;
  events::Stream events_;
};

TEST_F(FleetWatchTest, HasProfilesOfImagesWithoutAFolder) {
  FleetWatch watch("", events_);
  watch.load();
  start(watch);
  watch.set_images(programs({"shell"}));
  watch.set_images(programs({"shell"}));
  const auto fleet = watch.fleet();
  ASSERT_TRUE(fleet->profile("shell"));
  EXPECT_EQ(fleet->profile("shell")->place.file, "image shell.efi");
  EXPECT_TRUE(fleet->profile("shell")->menu);
  EXPECT_EQ(watch.images()->all.at("shell").recipe, "efi");
  EXPECT_THAT(watch.images()->all.at("shell").profiles, ElementsAre("shell"));
  watch.set_images(programs({}));
  EXPECT_FALSE(watch.fleet()->profile("shell"));
  EXPECT_THAT(told_, ElementsAre("-", "shell", "-"));
}

TEST_F(FleetWatchTest, RulesMayNameWhatAnImageBoots) {
  write("pixie.toml", "[[rules]]\nprofile = \"shell\"\n");
  FleetWatch watch(folder_, events_);
  watch.load();
  ASSERT_EQ(watch.mistakes().size(), 1U);
  EXPECT_THAT(watch.mistakes()[0].text, HasSubstr("there is no profile 'shell'"));
  watch.set_images(programs({"shell"}));
  EXPECT_THAT(watch.mistakes(), IsEmpty());
  EXPECT_EQ(watch.fleet()->rules().size(), 1U);
}

TEST_F(FleetWatchTest, TheOwnersProfileOfThatNameWins) {
  write("pixie.toml", "[profiles.shell]\ntitle = \"Mine\"\nlocal = true\n");
  FleetWatch watch(folder_, events_);
  watch.set_images(programs({"shell"}));
  EXPECT_THAT(watch.mistakes(), IsEmpty());
  EXPECT_EQ(watch.fleet()->profile("shell")->title, "Mine");
}

TEST_F(FleetWatchTest, TellsWhatWasLoadedBeforeItStarted) {
  FleetWatch watch(folder_, events_);
  watch.set_images(programs({"shell"}));
  start(watch);
  EXPECT_THAT(told_, ElementsAre("shell"));
}

TEST_F(FleetWatchTest, TheOwnersRecipeOfThatNameWins) {
  write("recipes/efi.toml",
        "title = \"My {{name}}\"\n[[match]]\nkind = \"efi\"\n[[boot]]\nchain = \"{{iso}}\"\n");
  FleetWatch watch(folder_, events_);
  watch.set_images(programs({"shell"}));
  EXPECT_EQ(watch.fleet()->profile("shell")->title, "My shell");
}

TEST_F(FleetWatchTest, ABrokenRecipeIsAMistakeThatHoldsNothingUp) {
  write("recipes/efi.toml", "title = \"My {{nothing}}\"\n[[match]]\nkind = \"efi\"\n");
  FleetWatch watch(folder_, events_);
  watch.set_images(programs({"shell"}));
  ASSERT_EQ(watch.mistakes().size(), 2U);
  EXPECT_EQ(watch.mistakes()[0].one_line(),
            "recipes/efi.toml:1:1: a recipe needs a [[boot]]: what boots such an image");
  EXPECT_THAT(watch.mistakes()[1].one_line(),
              HasSubstr("recipes/efi.toml:1:9: nothing defines {{nothing}}"));
  EXPECT_EQ(watch.fleet()->profile("shell")->title, "shell");
}

}  // namespace
}  // namespace pixie::app
