// What an image is, by the recipes, and the profiles that boot it.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "images/image.h"
#include "machines/fleet.h"
#include "recipes/contents.h"
#include "recipes/recipe.h"
#include "script/fit.h"

namespace pixie::recipes {

/// What was found of an image.
struct Recognition {
  /// The recipe's name; empty: none knows it.
  std::string recipe;
  /// For people: `Debian 12.5.0 installer`.
  std::string title;
  Facts facts;

  struct Entry {
    std::string profile;
    std::string title;
    script::Fit fit;
    /// What the owner should know; may be empty.
    std::string remark;
    /// Files that the ROM folder lacks for it: its profile says so at the machine, and boots nothing.
    std::vector<std::string> missing;
  };
  std::vector<Entry> entries;
  /// The profiles, in the form of pixie.toml, and what they name.
  machines::Generated generated;
};

/// Whether the ROM folder has a file of this name.
using HasRom = std::function<bool(std::string_view name)>;

/// `recipes` are asked in their order; the profiles' names begin with `profile`. Reads small files of the image: not for
/// a loop's thread.
Recognition recognise(const images::Image& image, const Contents& contents,
                      std::span<const Recipe> recipes, const HasRom& has_rom,
                      const std::string& profile);

/// The profile's name that an image gets: its own, with `-` in place of slashes and what names don't have.
std::string profile_name(std::string_view image);

}  // namespace pixie::recipes
