// What is in the images folder: files by their endings, unpacked images, and groups, which hold both.
//
// A folder below the images folder is an unpacked image, and not looked into any further,
// - if it has a mark of an installation medium (`.disk/info`, `.treeinfo`, `EFI/BOOT`, `casper`, `vmlinuz`, …), or
// - if there are files in it, and none of them is an image (.iso, .img, .efi, .wim).
// Any other one is a group.
#pragma once

#include "images/image.h"
#include "tree/folder.h"
#include "wire/error.h"

namespace pixie::library {

/// More images than these are left out.
inline constexpr std::size_t most_images = 10'000;
/// Groups within groups.
inline constexpr int deepest_group = 8;

/// The images as they are on disk: none has an index, all of kind iso are pending. A name that stands for something on
/// disk as it is (debian-12/ beside debian-12.iso), or for an image of a kind before, is not given again: that image is
/// named with its ending. The error is why the images folder can't be read.
Expected<images::Images> scan(tree::Folder& folder);

}  // namespace pixie::library
