#include "recipes/recipe.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "recipes/cookbook.h"

namespace pixie::recipes {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// Of recipes/mine.toml, each as one line.
std::vector<std::string> mistakes(std::string toml) {
  std::vector<std::string> lines;
  const auto recipe = parse_recipe({"recipes/mine.toml", std::move(toml)});
  if (recipe) return lines;
  for (const auto& mistake : recipe.error()) lines.push_back(mistake.one_line());
  return lines;
}

std::string with(std::string_view rest) {
  return "title = \"Mine\"\n[[match]]\nfiles = \"a/{x}.img\"\n" + std::string(rest);
}
std::string with_boot(std::string_view rest) { return with("[[boot]]\n" + std::string(rest)); }

TEST(Recipe, IsRead) {
  const auto recipe = parse_recipe({"recipes/mine.toml", R"(title = "Mine {{version}}"
rank = 7
[[match]]
volume = ["MINE_{version}", "MINE"]
files = ["boot/*/linux", "x"]
lines = { ".info" = ["a {b}", "c"] }
[[facts]]
kind = "folder"
lines = { v = "{version}" }
[vars]
answers = ""
[[boot]]
firmware = "uefi"
arch = ["x86_64", "arm64"]
el-torito = "uefi"
kernel = "{{image}}/linux"
initrd = ["{{image}}/initrd", { url = "{{iso}}", name = "a.iso", path = "/a.iso" }]
cmdline = "a={{answers}} m={{mac}} {{arguments}}"
needs = "helper"
remark = "Mind."
[[texts]]
name = "boot.cfg"
file = "boot.cfg"
set = { prefix = "{{image}}" }
remove = { kernel = "/" }
)"});
  ASSERT_TRUE(recipe);
  EXPECT_EQ(recipe->name, "mine");
  EXPECT_EQ(recipe->rank, 7U);
  ASSERT_EQ(recipe->match.size(), 1U);
  EXPECT_EQ(recipe->match[0].volumes.size(), 2U);
  EXPECT_EQ(recipe->match[0].files.at(0).size(), 3U);
  EXPECT_EQ(recipe->match[0].lines.size(), 2U);
  EXPECT_THAT(recipe->fact_names, ElementsAre("b", "version"));
  ASSERT_EQ(recipe->boots.size(), 1U);
  const auto& boot = recipe->boots[0];
  EXPECT_THAT(boot.fit.arch, ElementsAre("x86_64", "arm64"));
  EXPECT_EQ(boot.initrds.at(1).path, "/a.iso");
  EXPECT_THAT(boot.needs, ElementsAre("helper"));
  EXPECT_EQ(recipe->texts.at(0).set.at("prefix"), "{{image}}");
}

TEST(Recipe, MistakesAreToldWithTheirPlace) {
  EXPECT_THAT(mistakes("x = ["), ElementsAre(HasSubstr("recipes/mine.toml:1:")));
  EXPECT_THAT(mistakes(""),
              ElementsAre(HasSubstr("needs a [[boot]]"), HasSubstr("needs a [[match]]"),
                          HasSubstr("needs a title")));
  EXPECT_THAT(
      mistakes(with("[[boot]]\nsanbot = \"{{iso}}\"\n")),
      ElementsAre(HasSubstr("4:1: a boot has exactly one of kernel, script, sanboot, chain"),
                  HasSubstr("5:1: a boot has no 'sanbot'; did you mean 'sanboot'?")));
  EXPECT_THAT(mistakes(with_boot("kernel = \"{{image}}/{{y}}\"")),
              ElementsAre(HasSubstr("5:10: nothing defines {{y}}")));
  EXPECT_THAT(mistakes(with_boot("kernel = \"{{image}}/{{#if}}\"")),
              ElementsAre(HasSubstr("5:10: ")));
  EXPECT_THAT(mistakes(with_boot("chain = \"{{image}}/{{x}}\"\nfirmware = \"efi\"")),
              ElementsAre(HasSubstr("'efi' is not one of bios, uefi; did you mean 'uefi'?")));
  EXPECT_THAT(mistakes(with_boot("script = \"echo\"")),
              ElementsAre(HasSubstr("first line is #!ipxe")));
  EXPECT_THAT(mistakes(with_boot("kernel = \"/k\"\nfiles = [\"/a\", \"{x}{y}\"]")),
              ElementsAre(HasSubstr("no slash at its ends"), HasSubstr("must be some text")));
  EXPECT_THAT(mistakes(with_boot("kernel = \"/k\"\nfiles = \"{image}\"")),
              ElementsAre(HasSubstr("'image' has a meaning of its own")));
  EXPECT_THAT(mistakes("title = \"a\"\n[[match]]\n[[boot]]\nchain = \"{{iso}}\"\n"),
              ElementsAre(HasSubstr("2:1: this holds for every image")));
  EXPECT_THAT(mistakes(with_boot("kernel = \"/k\"\ninitrd = { name = \"x\" }")),
              ElementsAre(HasSubstr("an initrd needs a url")));
}

TEST(Cookbook, BringsRecipesAlong) {
  const auto book = read_cookbook({});
  EXPECT_THAT(book.mistakes, IsEmpty());
  ASSERT_GT(book.recipes.size(), 20U);
  EXPECT_GE(book.recipes.back().rank, 1000U);
  EXPECT_TRUE(std::ranges::is_sorted(book.recipes, {}, &Recipe::rank));
}

TEST(Cookbook, TheOwnersRecipeOfAnameWins) {
  const std::vector<machines::SourceFile> owners{
      {"recipes/arch.toml", with_boot("chain = \"{{image}}/x\"")},
      {"recipes/other.toml", with_boot("chain = \"{{image}}/x\"")},
      {"recipes/iso.toml", "title = 1"}};
  const auto before = read_cookbook({});
  const auto book = read_cookbook(owners);
  EXPECT_EQ(book.recipes.size(), before.recipes.size() + 1);
  EXPECT_EQ(std::ranges::find(book.recipes, "arch", &Recipe::name)->title, "Mine");
  EXPECT_EQ(std::ranges::find(book.recipes, "iso", &Recipe::name)->title, "{{name}}");
  EXPECT_EQ(book.mistakes.front().file, "recipes/iso.toml");
}

}  // namespace
}  // namespace pixie::recipes
