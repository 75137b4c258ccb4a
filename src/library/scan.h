// What is in the images folder: files by their endings, unpacked images, and groups, which hold both.
//
// A folder below the images folder is an unpacked image, and not looked into any further,
// - if it has a mark of an installation medium (`.disk/info`, `.treeinfo`, `EFI/BOOT`, `casper`, `vmlinuz`, …), or
// - if there are files in it, and none of them is an image (.iso, .img, .efi, .wim).
// Any other one is a group.
//
// An unpacked image is of another version (its stamp) when a name came or went in it: the newest time of change of its
// folder and of the folders in it counts. What lies deep in it, or in one of very many folders, is not looked at.
#pragma once

#include <cstddef>

#include "images/image.h"
#include "tree/folder.h"
#include "wire/error.h"

namespace pixie::library {

/// More images than these are left out.
inline constexpr std::size_t most_images = 10'000;
/// Groups within groups.
inline constexpr int deepest_group = 8;
/// Folders of one unpacked image that are looked at, itself among them, and folders within folders: recipes ask for
/// nothing that lies deeper.
inline constexpr std::size_t most_image_folders = 200;
inline constexpr int deepest_image_folder = 4;

/// The images as they are on disk: none has an index, all of kind iso are pending. A name that stands for something on
/// disk as it is (debian-12/ beside debian-12.iso), or for an image of a kind before, is not given again: that image is
/// named with its ending. The error is why the images folder can't be read.
Expected<images::Images> scan(tree::Folder& folder);

}  // namespace pixie::library
