// `pixie images list|cat`: what is in an image file, without serving it.
#pragma once

#include <ostream>
#include <string>

#include "wire/error.h"

namespace pixie::app {

struct ImageFileArguments {
  std::string file;
  /// `list --sha256`.
  bool hashes = false;
  /// `cat`: the path in the image.
  std::string path;
};

/// One line for each file, in the order of the folders: size, SHA-256 if asked for, path. Links are listed as what they
/// lead to, links to folders not at all. What the image is goes to `notes`.
Expected<void> list_image_files(const ImageFileArguments& arguments, std::ostream& out,
                                std::ostream& notes);

/// The bytes of one file.
Expected<void> print_image_file(const ImageFileArguments& arguments, std::ostream& out);

}  // namespace pixie::app
