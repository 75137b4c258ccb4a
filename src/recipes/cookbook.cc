#include "recipes/cookbook.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>
#include <stdexcept>
#include <string_view>
#include <tuple>
#include <utility>

// cmake/Embed.cmake
extern "C" const char pixie_recipes[];
extern "C" const std::uint64_t pixie_recipes_size;

namespace pixie::recipes {

std::vector<machines::SourceFile> own_recipes() {
  constexpr std::string_view mark = "@@ ";
  std::vector<machines::SourceFile> files;
  std::string_view rest(pixie_recipes, pixie_recipes_size);
  while (rest.starts_with(mark)) {
    const auto line_end = rest.find('\n');
    const auto name = rest.substr(mark.size(), line_end - mark.size());
    rest.remove_prefix(line_end + 1);
    const auto next = std::min(rest.find("\n@@ "), rest.size() - 1) + 1;
    files.push_back({"recipes/" + std::string(name), std::string(rest.substr(0, next))});
    rest.remove_prefix(next);
  }
  return files;
}

Cookbook read_cookbook(std::span<const machines::SourceFile> owners) {
  Cookbook book;
  std::map<std::string, Recipe> by_name;
  for (const auto& file : own_recipes()) {
    auto recipe = parse_recipe(file);
    if (!recipe) throw std::logic_error(recipe.error().front().one_line());
    by_name.emplace(recipe->name, std::move(*recipe));
  }
  for (const auto& file : owners) {
    auto recipe = parse_recipe(file);
    if (recipe) {
      auto name = recipe->name;
      by_name.insert_or_assign(std::move(name), std::move(*recipe));
    } else {
      std::ranges::move(recipe.error(), std::back_inserter(book.mistakes));
    }
  }
  for (auto& [name, recipe] : by_name) book.recipes.push_back(std::move(recipe));
  std::ranges::sort(book.recipes, {},
                    [](const Recipe& one) { return std::tie(one.rank, one.name); });
  return book;
}

}  // namespace pixie::recipes
