// Every recipe against a faithful small image of its system: what is made of it is as in testdata/*.golden, and has what
// the system's documentation demands. PIXIE_UPDATE_GOLDENS=1 writes the goldens anew: read the difference.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "machines/decide.h"
#include "recipes/cookbook.h"
#include "recipes/recognise.h"
#include "recipes/testing.h"
#include "wire/testing_source.h"

namespace pixie::recipes {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

fs::path folder() { return fs::path(wire::source_folder()) / "src/recipes/testdata"; }

std::string read(const fs::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return std::move(text).str();
}

const Cookbook& book() {
  static const auto cookbook = read_cookbook({});
  return cookbook;
}

images::Image image_of(const testing::MemoryImage& contents) {
  images::Image image;
  image.file = contents.file();
  image.name = image.file.substr(0, image.file.rfind('.'));
  return image;
}

/// What every machine of the image's profiles runs, one after the other.
std::string scripts(const Recognition& found) {
  const auto fleet =
      machines::Fleet::load({.settings = {}, .texts = {}, .generated = found.generated});
  if (!fleet) {
    for (const auto& mistake : fleet.error()) ADD_FAILURE() << mistake.one_line();
    return "";
  }
  std::string all;
  machines::Identity identity;
  identity.learn(machines::Fact::mac, "52:54:00:12:34:56", machines::Source::observed);
  const machines::Here here{.server = "http://192.0.2.1", .host = "192.0.2.1", .callback = {}};
  const auto render = [&](const machines::Profile& profile) {
    const machines::Decision decision{.because = machines::Because::menu, .profile = &profile};
    const machines::Variables variables(identity, decision, nullptr, here);
    const auto script = machines::boot_script(profile, decision, variables, here);
    all += fmt::format("\n=== profile {}\n{}", profile.name,
                       script ? *script : script.error().one_line());
    for (const auto name : (*fleet)->text_names()) {
      const auto text = (*fleet)->text(name)->render(variables.scope(), script::Reader::text);
      all += fmt::format("\n=== /t/{}\n{}", name, text ? *text : text.error().one_line());
    }
  };
  for (const auto& entry : found.entries) {
    const auto* profile = (*fleet)->profile(entry.profile);
    EXPECT_TRUE(profile) << entry.profile;
    if (profile) render(*profile);
  }
  return all;
}

std::string told(const Recognition& found) {
  std::string text = fmt::format("recipe {}: {}\n", found.recipe, found.title);
  for (const auto& entry : found.entries) {
    text += fmt::format(
        "{}: {} ({}){}{}\n", entry.profile, entry.title,
        entry.fit.any() ? "any machine" : script::fit_text(entry.fit),
        entry.missing.empty() ? "" : fmt::format("; lacks {}", fmt::join(entry.missing, ", ")),
        entry.remark.empty() ? "" : "\n  " + entry.remark);
  }
  return text;
}

class Golden : public ::testing::TestWithParam<std::string> {};

TEST_P(Golden, IsWhatTheRecipeMakes) {
  const testing::MemoryImage contents(read(folder() / (GetParam() + ".image")));
  const auto image = image_of(contents);
  const auto found = recognise(
      image, contents, book().recipes, [](std::string_view) { return true; },
      profile_name(image.name));
  const auto all = scripts(found);
  auto text = told(found);
  for (const auto& file : found.generated.settings)
    text += "\n=== " + file.name + '\n' + file.content;
  text += all;
  for (const auto& required : contents.required()) EXPECT_THAT(all, HasSubstr(required));
  EXPECT_FALSE(found.entries.empty());
  const auto golden = folder() / (GetParam() + ".golden");
  if (std::getenv("PIXIE_UPDATE_GOLDENS")) std::ofstream(golden) << text;
  EXPECT_EQ(text, read(golden));
}

std::vector<std::string> cases() {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder())) {
    if (entry.path().extension() == ".image") names.insert(entry.path().stem());
  }
  return {names.begin(), names.end()};
}

INSTANTIATE_TEST_SUITE_P(Recipes, Golden, ::testing::ValuesIn(cases()), [](const auto& info) {
  auto name = info.param;
  std::ranges::replace_if(
      name, [](char c) { return !std::isalnum(static_cast<unsigned char>(c)); }, '_');
  return name;
});

TEST(Goldens, AreThereForEveryRecipe) {
  std::set<std::string> used;
  for (const auto& name : cases()) {
    const testing::MemoryImage contents(read(folder() / (name + ".image")));
    used.insert(
        recognise(
            image_of(contents), contents, book().recipes, [](auto) { return true; }, "image")
            .recipe);
  }
  for (const auto& recipe : book().recipes) EXPECT_TRUE(used.contains(recipe.name)) << recipe.name;
}

}  // namespace
}  // namespace pixie::recipes
