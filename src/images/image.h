// The images of the images folder, as they are known at one moment: an immutable snapshot, replaced as a whole.
#pragma once

#include <cstdint>
#include <ctime>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "images/index.h"

namespace pixie::images {

enum class ImageKind : std::uint8_t {
  iso,
  /// A disk image (.img), a program (.efi), a Windows image (.wim): one file, served as it is.
  disk,
  efi,
  wim,
  /// What somebody unpacked.
  folder,
};

struct Image {
  /// Where its content is in the tree below `images/`: the file's path without its ending (`debian-12`, `tools/grub`);
  /// of a folder its path.
  std::string name;
  /// Relative to the images folder: `debian-12.iso`.
  std::string file;
  ImageKind kind = ImageKind::iso;
  /// Of the file.
  std::uint64_t size = 0;
  std::time_t modified = 0;
  /// Null for what has no files of its own, until it is indexed, and where that failed.
  std::shared_ptr<const Index> index;
  /// Why it can't be used, a sentence; empty: all is well.
  std::string fault;
  /// It is being read, or still growing.
  bool pending = false;
};

struct Images {
  /// By their names.
  std::map<std::string, Image, std::less<>> all;
};

}  // namespace pixie::images
