// Any bytes as an image (see recipes/testing.h): whatever pixie's own recipes make of it is a fleet without a mistake, whose
// profiles render, and nothing of the image is a line of its own in a script. And as a recipe: it is one, or told why not.
#include <cstdlib>
#include <string_view>

#include "machines/decide.h"
#include "recipes/cookbook.h"
#include "recipes/recognise.h"
#include "recipes/testing.h"

namespace {

using namespace pixie;

void check(bool holds) {
  if (!holds) std::abort();
}

void check_profiles(const machines::Fleet& fleet) {
  machines::Identity identity;
  identity.learn(machines::Fact::mac, "52:54:00:12:34:56", machines::Source::observed);
  const machines::Here here{.server = "http://s", .host = "s", .callback = {}};
  for (const auto& [name, profile] : fleet.profiles()) {
    const machines::Decision decision{.because = machines::Because::menu, .profile = &profile};
    const machines::Variables variables(identity, decision, nullptr, here);
    check(machines::boot_script(profile, decision, variables, here).has_value());
    for (const auto text : fleet.text_names())
      check(fleet.text(text)->render(variables.scope(), script::Reader::text).has_value());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto book = recipes::read_cookbook({});
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const recipes::testing::MemoryImage contents(text);
  images::Image image;
  image.file = contents.file();
  image.name = image.file.substr(0, image.file.rfind('.'));
  image.kind = contents.image_kind();
  const auto found = recipes::recognise(
      image, contents, book.recipes, [](std::string_view name) { return name.size() % 2 == 0; },
      "image");
  const auto fleet =
      machines::Fleet::load({.settings = {}, .texts = {}, .generated = found.generated});
  check(fleet.has_value());
  check((*fleet)->profiles().size() == found.entries.size());
  check_profiles(**fleet);

  const auto recipe = recipes::parse_recipe({"recipes/r.toml", std::string(text)});
  check(recipe || !recipe.error().empty());
  return 0;
}
