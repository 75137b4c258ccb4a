#include "recipes/recognise.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "machines/names.h"
#include "recipes/fill.h"
#include "recipes/signs.h"
#include "recipes/write.h"

namespace pixie::recipes {
namespace {

struct Found {
  const Recipe* recipe = nullptr;
  Facts facts = {};
};

Found find_recipe(const Contents& contents, std::span<const Recipe> recipes) {
  for (const auto& recipe : recipes) {
    for (const auto& signs : recipe.match) {
      Facts facts;
      if (!shows(contents, signs, facts)) continue;
      for (const auto& more : recipe.facts) shows(contents, more, facts);
      return {&recipe, std::move(facts)};
    }
  }
  return {};
}

/// What follows `{{image}}/` in the URL, as it is called in the image; nothing if the URL leads elsewhere.
std::optional<std::string> path_in_image(const Recipe& recipe, std::string_view url,
                                         const Facts& facts) {
  constexpr std::string_view image = "{{image}}/";
  if (!url.starts_with(image)) return std::nullopt;
  return fill(url.substr(image.size()), recipe.fact_names, [&](std::string_view name) {
    const auto fact = facts.find(name);
    return fact == facts.end() ? std::string() : fact->second;
  });
}

bool has_files(const Contents& contents, const Recipe& recipe, const Boot& boot,
               const Facts& facts) {
  std::vector<std::string_view> urls{boot.kernel, boot.sanboot, boot.chain};
  for (const auto& initrd : boot.initrds) urls.push_back(initrd.url);
  return std::ranges::all_of(urls, [&](std::string_view url) {
    const auto path = path_in_image(recipe, url, facts);
    return !path || contents.kind(*path) == Contents::Kind::file;
  });
}

std::vector<std::string> missing_of(const Boot& boot, const HasRom& has_rom) {
  std::vector<std::string> missing;
  std::ranges::copy_if(boot.needs, std::back_inserter(missing),
                       [&](const auto& name) { return !has_rom(name); });
  return missing;
}

/// Unlike those before.
std::string unlike(std::string name, const std::vector<Recognition::Entry>& before) {
  const auto taken = [&](const std::string& text) {
    return std::ranges::find(before, text, &Recognition::Entry::profile) != before.end();
  };
  const auto plain = name;
  for (int number = 2; taken(name); ++number) name = fmt::format("{}-{}", plain, number);
  return name;
}

}  // namespace

std::string profile_name(std::string_view image) {
  constexpr std::size_t limit = 48;  // of 64: something may be added
  std::string name;
  for (const char c : image.substr(0, limit)) {
    if ((static_cast<unsigned char>(c) & 0xc0U) == 0x80) continue;  // within a UTF-8 character
    name += machines::is_name(std::string_view(&c, 1)) || (c == '.' && !name.empty()) ? c : '-';
  }
  return name.empty() ? "image" : name;
}

Recognition recognise(const images::Image& image, const Contents& contents,
                      std::span<const Recipe> recipes, const HasRom& has_rom,
                      const std::string& profile) {
  Recognition result;
  auto [recipe, facts] = find_recipe(contents, recipes);
  if (!recipe) return result;
  result.recipe = recipe->name;
  Writer writer(image, *recipe);
  std::set<std::string_view> made;
  for (const auto& boot : recipe->boots) {
    auto facts_here = facts;
    if (made.contains(boot.name)) continue;
    if (!boot.signs.empty() && !shows(contents, boot.signs, facts_here)) continue;
    if (!has_files(contents, *recipe, boot, facts_here)) continue;
    auto name = profile;
    if (!result.entries.empty() && !boot.name.empty()) name += '-' + boot.name;
    Recognition::Entry entry{.profile = unlike(std::move(name), result.entries),
                             .title = writer.title(boot, facts_here),
                             .fit = boot.fit,
                             .remark = boot.remark,
                             .missing = missing_of(boot, has_rom)};
    writer.add(entry, boot, facts_here);
    made.insert(boot.name);
    result.entries.push_back(std::move(entry));
    facts.merge(facts_here);
  }
  for (const auto& text : recipe->texts) {
    if (const auto content = contents.text(text.file)) writer.add(text, *content, facts);
  }
  result.title = writer.title({}, facts);
  result.facts = std::move(facts);
  result.generated = std::move(writer).generated();
  return result;
}

}  // namespace pixie::recipes
