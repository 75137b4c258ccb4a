// Makes an index of the folders, files and links that a file system's reader finds, in whatever order; keeps names
// usable in paths, all extents within the image, and everything within the limits.
#pragma once

#include <cstdint>
#include <ctime>
#include <span>
#include <string>
#include <string_view>

#include "images/draft.h"
#include "images/index.h"
#include "wire/error.h"

namespace pixie::images {

/// Each error is a sentence that names the path.
class Builder {
 public:
  using Folder = std::uint32_t;
  static constexpr Folder root = 0;

  explicit Builder(std::uint64_t image_size);

  void set_root_time(std::time_t modified) { drafts_.nodes[root].modified = modified; }
  /// What can't be in a path becomes `_`: slashes, NULs, the names `.` and `..`. Of two with one name the first stays.
  Expected<Folder> add_folder(Folder parent, std::string_view name, std::time_t modified);
  /// `extents` may have empty ones; neighbours are joined.
  Expected<void> add_file(Folder parent, std::string_view name, std::time_t modified,
                          std::span<const Extent> extents);
  /// `target` as a symbolic link has it.
  Expected<void> add_link(Folder parent, std::string_view name, std::string_view target);

  /// For errors: `the folder /boot/grub`, `the root folder`.
  std::string describe(Folder folder) const;
  /// For errors: `/boot/grub/core.img`.
  std::string path_of(Folder folder, std::string_view name) const;

  /// All but `volume_id`, `format` and `boot_images`. Links that lead nowhere are dropped. The builder is used up.
  Expected<Index::Storage> finish();

 private:
  Expected<void> add(Draft node, Folder parent, std::string_view name);
  Expected<void> add_extent(Draft& file, const Extent& extent);

  std::uint64_t image_size_;
  Drafts drafts_;
};

}  // namespace pixie::images
