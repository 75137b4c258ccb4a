// The images of the images folder, as they are known at one moment: an immutable snapshot, replaced as a whole.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <ctime>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

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

/// `iso`, `img`, `efi`, `wim`, `folder`.
std::string_view kind_name(ImageKind kind);

/// The kind of a file by its name's ending, in any case; nothing if it is no image.
std::optional<ImageKind> kind_of_file(std::string_view name);

/// Which file it is, and which version of it (stat(2)).
struct Stamp {
  std::uint64_t inode = 0;
  /// In bytes; 0 for a folder.
  std::uint64_t size = 0;
  /// Of a folder the newest of it and those in it.
  std::int64_t modified_ns = 0;

  static Stamp of(const struct stat& status);
  bool operator==(const Stamp&) const = default;
};

struct Image {
  /// Where its content is in the tree below `images/`: the file's path without its ending (`debian-12`, `tools/grub`),
  /// with it if a folder or a file of another ending has that path; of a folder its path.
  std::string name;
  /// Relative to the images folder: `debian-12.iso`.
  std::string file;
  ImageKind kind = ImageKind::iso;
  Stamp stamp = {};
  /// Of the file, in bytes.
  std::uint64_t size = 0;
  std::time_t modified = 0;
  /// Null for what has no files of its own, until it is indexed, and where that failed.
  std::shared_ptr<const Index> index = {};
  /// Why it can't be used, a sentence; empty: all is well.
  std::string fault = {};
  /// It is being read, or still growing.
  bool pending = false;

  /// What the recipes say of it. Empty: it is not known yet, or not to them.
  std::string recipe = {};
  /// `Debian 12.5.0 installer`.
  std::string title = {};
  /// That boot it.
  std::vector<std::string> profiles = {};
  /// What its owner should know before somebody boots it.
  std::string remark = {};
};

/// A file that was not sent whole; the client may send the rest.
struct PartialUpload {
  /// What it will be, relative to the images folder: `debian-12.iso`.
  std::string file;
  /// How many bytes are here, of how many.
  std::uint64_t received = 0;
  std::uint64_t size = 0;
  std::time_t modified = 0;

  bool operator==(const PartialUpload&) const = default;
};

struct Images {
  /// As it was named; empty: there is none.
  std::string folder;
  /// By their names.
  std::map<std::string, Image, std::less<>> all;
  std::vector<PartialUpload> uploads;

  struct Place {
    const Image& image;
    /// Within the image, without a slash in front; empty: the image itself.
    std::string_view path;
  };
  /// The image that has this path below `images/`, or that the path leads into.
  std::optional<Place> find(std::string_view path) const;
};

}  // namespace pixie::images
