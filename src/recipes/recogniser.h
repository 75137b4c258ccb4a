// Keeps what the recipes say of each image, so that an image is looked at once.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "images/image.h"
#include "machines/fleet.h"
#include "recipes/cookbook.h"
#include "recipes/recognise.h"
#include "wire/diagnostic.h"

namespace pixie::recipes {

/// Belongs to one thread at a time.
class Recogniser {
 public:
  struct Known {
    Recognition recognition;
    /// Of a recipe that makes of this image what is no profile; then there is none of it.
    std::vector<wire::Diagnostic> mistakes;
  };

  /// Everything is looked at anew if the owner's recipes, or what is in the ROM folder, changed. `rom_names`: sorted.
  void use(const std::vector<machines::SourceFile>& owners, std::vector<std::string> rom_names);
  /// Looks at the images that are new: those that are indexed, or have no index. Reads small files of them; blocks.
  /// Returns the names of those that were new. What was known of one that is replaced holds until the new one is read;
  /// one of which nothing is known yet has a profile that says so.
  std::vector<std::string> look_at(const images::Images& images);

  /// The same images, each with what is known of it.
  images::Images with_titles(images::Images images) const;
  /// By the images' names; null if it is not known.
  const Known* find(std::string_view image) const;
  /// Of all images, in the order of their names.
  machines::Generated generated() const;
  /// Of the recipes, and of what they made.
  std::vector<wire::Diagnostic> mistakes() const;

 private:
  struct Seen {
    std::string file;
    images::Stamp stamp;
    /// What its profiles' names begin with.
    std::string profile;
    /// Nothing is known of it: there is a profile that says so.
    bool is_stand_in = false;
    Known known;
  };

  Known study(const images::Images& images, const images::Image& image,
              const std::string& profile) const;

  Cookbook cookbook_;
  bool has_cookbook_ = false;
  std::vector<machines::SourceFile> owners_;
  std::vector<std::string> rom_names_;
  std::map<std::string, Seen, std::less<>> seen_;
};

}  // namespace pixie::recipes
