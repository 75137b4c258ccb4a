#include "recipes/recogniser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pixie::recipes {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class WhatIsKnown : public ::testing::Test {
 protected:
  WhatIsKnown() { recogniser_.use({}, {}); }

  images::Image& add(const std::string& name) {
    auto& image = images_.all[name];
    image.name = name;
    image.file = name + ".efi";
    image.kind = images::ImageKind::efi;
    return image;
  }
  std::vector<std::string> look() { return recogniser_.look_at(images_); }
  /// The profiles that rules can name.
  std::vector<std::string> profiles() const {
    const auto fleet =
        machines::Fleet::load({.settings = {}, .texts = {}, .generated = recogniser_.generated()});
    std::vector<std::string> names;
    for (const auto& [name, profile] : (*fleet)->profiles()) names.push_back(name);
    return names;
  }
  std::string text_of_only_script() const { return recogniser_.generated().texts.at(0).content; }

  images::Images images_;
  Recogniser recogniser_;
};

TEST_F(WhatIsKnown, AnImageThatIsNotReadYetHasAProfileThatSaysSo) {
  auto& image = add("shell");
  image.pending = true;
  EXPECT_THAT(look(), IsEmpty());
  EXPECT_THAT(profiles(), ElementsAre("shell"));
  EXPECT_THAT(text_of_only_script(), HasSubstr("is being copied or read"));
  image.pending = false;
  EXPECT_THAT(look(), ElementsAre("shell"));
  EXPECT_THAT(look(), IsEmpty());
  EXPECT_EQ(recogniser_.with_titles(images_).all.at("shell").recipe, "efi");
}

TEST_F(WhatIsKnown, WhatIsReplacedStaysWhatItWasUntilTheNewOneIsRead) {
  auto& image = add("shell");
  look();
  image.stamp.size = 5;
  image.pending = true;
  EXPECT_THAT(look(), IsEmpty());
  EXPECT_EQ(recogniser_.with_titles(images_).all.at("shell").recipe, "efi");
  image.pending = false;
  EXPECT_THAT(look(), ElementsAre("shell"));
}

TEST_F(WhatIsKnown, ADamagedImageHasAProfileThatSaysSo) {
  add("shell").fault = "it is cut";
  look();
  EXPECT_THAT(profiles(), ElementsAre("shell"));
  EXPECT_THAT(text_of_only_script(), HasSubstr("can't be used"));
}

TEST_F(WhatIsKnown, NamesThatWouldBeTheSameAreToldApart) {
  add("tools-shell");
  add("tools/shell");
  look();
  EXPECT_THAT(profiles(), ElementsAre("tools-shell", HasSubstr("tools-shell-")));
}

TEST_F(WhatIsKnown, ANameThatIsNoUtf8CostsNoProfile) {
  add("caf\xe9");
  look();
  EXPECT_THAT(profiles(), ElementsAre("caf-"));
  EXPECT_THAT(recogniser_.mistakes(), IsEmpty());
}

}  // namespace
}  // namespace pixie::recipes
