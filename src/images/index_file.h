// An index as bytes, for the state folder. Numbers are little endian:
//   "pixieidx" · version[4] · CRC-32 of all that follows[4]
//   image size[8] · volume id, format: texts · boot images: number[4], each: platform[1] · offset[8] · length[8]
//   names: a text · extents: number[4], each: offset[8] · length[8]
//   entries: number[4], each: modified[8] · name[4] · first[4] · count[4] · name length[2] · kind[1] · link[1]
//   a text: length[4] · bytes
// Entries, names and extents are what Index::Storage has; what follows from them (sizes, the second order) is not
// written.
#pragma once

#include <memory>
#include <string>

#include "images/index.h"
#include "wire/cursor.h"
#include "wire/error.h"

namespace pixie::images {

std::string write_index(const Index& index);

/// Whatever the bytes are, the index is a sound one, or there is an error: its folders are a tree, its extents within
/// the image size that it tells, its names sorted and fit for paths.
Expected<std::shared_ptr<const Index>> parse_index(wire::Bytes bytes);

}  // namespace pixie::images
