#include "app/fleet_watch.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pixie::app {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

namespace fs = std::filesystem;

machines::Generated image(const std::string& title) {
  return {
      .settings = {{"image debian.iso", "[profiles.debian]\ntitle = \"" + title +
                                            "\"\nmenu = true\nscript = \"images/debian.ipxe\"\n"}},
      .texts = {{"images/debian.ipxe", "#!ipxe\necho {{mac}}\n"},
                {"templates/images/debian/boot.cfg", "prefix={{server}}\n"}}};
}

class FleetWatchTest : public ::testing::Test {
 protected:
  FleetWatchTest() : folder_(fs::temp_directory_path() / "pixie-fleet-watch-test") {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  ~FleetWatchTest() override { fs::remove_all(folder_); }
  FleetWatchTest(const FleetWatchTest&) = delete;
  FleetWatchTest& operator=(const FleetWatchTest&) = delete;

  void write(std::string_view toml) const { std::ofstream(folder_ / "pixie.toml") << toml; }
  /// What was told, the titles of the profile `debian`.
  void start(FleetWatch& watch) {
    watch.start([this](const FleetWatch::Fleet& fleet) {
      const auto* profile = fleet ? fleet->profile("debian") : nullptr;
      told_.push_back(profile ? profile->title : "-");
    });
  }

  fs::path folder_;
  std::vector<std::string> told_;
  events::Stream events_;
};

TEST_F(FleetWatchTest, HasWhatIsGeneratedWithoutAFolder) {
  FleetWatch watch("", events_);
  watch.load();
  start(watch);
  watch.set_generated(image("Debian"));
  watch.set_generated(image("Debian"));
  const auto fleet = watch.fleet();
  ASSERT_TRUE(fleet->profile("debian"));
  EXPECT_EQ(fleet->profile("debian")->place.file, "image debian.iso");
  EXPECT_TRUE(fleet->text("images/debian/boot.cfg"));
  watch.set_generated({});
  EXPECT_FALSE(watch.fleet()->profile("debian"));
  EXPECT_THAT(told_, ElementsAre("-", "Debian", "-"));
}

TEST_F(FleetWatchTest, RulesMayNameWhatIsGenerated) {
  write("[[rules]]\nprofile = \"debian\"\n");
  FleetWatch watch(folder_, events_);
  watch.load();
  ASSERT_EQ(watch.mistakes().size(), 1U);
  EXPECT_THAT(watch.mistakes()[0].text, HasSubstr("there is no profile 'debian'"));
  watch.set_generated(image("Debian"));
  EXPECT_THAT(watch.mistakes(), IsEmpty());
  EXPECT_EQ(watch.fleet()->rules().size(), 1U);
}

TEST_F(FleetWatchTest, TheOwnersProfileOfThatNameWins) {
  write("[profiles.debian]\ntitle = \"Mine\"\nlocal = true\n");
  FleetWatch watch(folder_, events_);
  watch.set_generated(image("Debian"));
  EXPECT_THAT(watch.mistakes(), IsEmpty());
  EXPECT_EQ(watch.fleet()->profile("debian")->title, "Mine");
}

TEST_F(FleetWatchTest, TellsWhatWasLoadedBeforeItStarted) {
  FleetWatch watch(folder_, events_);
  watch.set_generated(image("Debian"));
  start(watch);
  EXPECT_THAT(told_, ElementsAre("Debian"));
}

}  // namespace
}  // namespace pixie::app
