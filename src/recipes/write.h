// Writes the profiles that boot an image, in the form of pixie.toml.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "images/image.h"
#include "machines/fleet.h"
#include "recipes/recipe.h"
#include "recipes/recognise.h"

namespace pixie::recipes {

/// Of one image. The image and the recipe must outlive it.
class Writer {
 public:
  Writer(const images::Image& image, const Recipe& recipe);

  std::string title(const Boot& boot, const Facts& facts) const;
  void add(const Recognition::Entry& entry, const Boot& boot, const Facts& facts);
  /// The file `content` of the image, with its lines changed as the recipe says.
  void add(const Text& text, std::string_view content, const Facts& facts);
  machines::Generated generated() &&;

 private:
  /// With what is known filled in, as a URL, a command's words or a whole script.
  std::string url(std::string_view text, const Facts& facts) const;
  std::string words(std::string_view text, const Facts& facts) const;
  std::string changed(const Text& text, std::string_view line, const Facts& facts) const;
  void add_target(const Recognition::Entry& entry, const Boot& boot, const Facts& facts);
  void add_script(const std::string& profile, std::string content);

  const images::Image& image_;
  const Recipe& recipe_;
  std::set<std::string, std::less<>> names_;
  std::string toml_;
  machines::Generated generated_;
};

/// A profile in the place of those of an image that can't be used now (it is being copied or read, or is damaged): so that
/// rules which name it hold. At the machine it says so, and boots nothing.
machines::Generated stand_in(const std::string& profile, const images::Image& image);

}  // namespace pixie::recipes
