// All recipes: those that pixie brings along, and the owner's, which win over one of the same name.
#pragma once

#include <span>
#include <vector>

#include "machines/fleet.h"
#include "recipes/recipe.h"
#include "wire/diagnostic.h"

namespace pixie::recipes {

struct Cookbook {
  /// In the order in which they are asked: by rank, then by name.
  std::vector<Recipe> recipes;
  /// Of the owner's files. One with a mistake is left out, and does not hide pixie's own.
  std::vector<wire::Diagnostic> mistakes;
};

/// `owners`: `recipes/*.toml` of the scripts folder.
Cookbook read_cookbook(std::span<const machines::SourceFile> owners);

/// pixie's own, `recipes/debian.toml` …
std::vector<machines::SourceFile> own_recipes();

}  // namespace pixie::recipes
