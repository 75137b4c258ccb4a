// Rock Ridge (RRIP 1.12, IEEE P1282): what a record's System Use field (SUSP 1.12, IEEE P1281) adds to ISO 9660.
// The field is a list of entries: signature[2] · length, of all of it · version · then, of those that matter here
// (numbers of 4 bytes are there twice, in little endian first):
//   SP  0xbe 0xef · bytes to skip in all other records          only in the root folder's own record
//   CE  block[8] · offset[8] · length[8]                        the list goes on there
//   ST                                                          the list's end
//   ER  length of the identifier · [3] · the identifier         which extension this is
//   PX  mode[8] · …                                             file type, as in POSIX
//   NM  flags (1: continued in the next one) · a name
//   SL  flags · components: flags (1: continued in the next, 2: `.`, 4: `..`, 8: root) · length · text
//   TF  flags (which times, 0x80: of 17 bytes) · times of 7 bytes: created, modified, …
//   CL  block[8]                                                this file stands for the folder that is there
//   RE                                                          this folder is elsewhere, for which a CL stands
// Files that zisofs compressed (ZF) are taken as they are stored.
#pragma once

#include <cstdint>
#include <ctime>
#include <optional>
#include <string>

#include "images/metadata.h"
#include "wire/cursor.h"
#include "wire/error.h"

namespace pixie::images {

struct RockRidge {
  /// Empty: none.
  std::string name;
  /// Of a symbolic link.
  std::optional<std::string> target;
  std::optional<std::time_t> modified;
  /// CL.
  std::optional<std::uint32_t> moved_to;
  /// RE.
  bool is_moved = false;
  /// A device, a pipe or a socket.
  bool is_special = false;
  /// There is a field that only Rock Ridge has.
  bool is_there = false;
};

/// `field`: a record's System Use field, without what is to be skipped. The error is the end of a sentence.
Expected<RockRidge> parse_rock_ridge(Metadata& image, wire::Bytes field, std::uint32_t block_size);

/// If there is Rock Ridge, how many bytes to skip in System Use fields. `root`: that of the root folder's own record.
Expected<std::optional<std::size_t>> find_rock_ridge(Metadata& image, wire::Bytes root,
                                                     std::uint32_t block_size);

}  // namespace pixie::images
