// The indexes of images, kept in the state folder, so that a restart reads no image again. A file for each image, by a
// name that follows from the image's path and version:
//
//   kept    = version inode size modified path NUL index
//   version = "pixie 1" NUL
//   inode   = 8 bytes, big endian; so are size and modified (nanoseconds since 1970)
//   index   = as images::write_index() makes it, which tells by itself if it was damaged
#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "images/image.h"
#include "wire/error.h"

namespace pixie::library {

/// Belongs to one thread. Whatever is wrong with a kept index, it is as if there were none.
class Kept {
 public:
  /// `folder` is where they are kept. Indexes of another images folder are left alone.
  Kept(std::string folder, const std::string& images_folder);

  /// Null: there is none of this version of the image.
  std::shared_ptr<const images::Index> find(const images::Image& image) const;
  /// Replaces what is kept of it.
  Expected<void> keep(const images::Image& image) const;
  /// Removes what is kept of all but these.
  void clean(const images::Images& images) const;

 private:
  std::string name_of(const images::Image& image) const;
  std::string path_of(const images::Image& image) const { return folder_ + "/" + name_of(image); }

  const std::string folder_;
  /// What the files of this images folder begin with.
  const std::string prefix_;
};

}  // namespace pixie::library
