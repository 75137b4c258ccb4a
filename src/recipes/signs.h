// Whether an image shows what a recipe looks for.
#pragma once

#include "recipes/contents.h"
#include "recipes/recipe.h"

namespace pixie::recipes {

/// Adds to the facts only if all signs are there.
bool shows(const Contents& contents, const Signs& signs, Facts& facts);

}  // namespace pixie::recipes
