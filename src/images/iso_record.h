// One record of an ISO 9660 folder (ECMA-119 section 9.1):
//   0 length · 1 blocks of extended attributes before the content · 2 first block[8] · 10 bytes of content[8] ·
//   18 time[7] · 25 flags · 26 unit size, 27 gap size of interleaved files · 28 volume number[4] · 32 length of the
//   name · 33 the name, a padding byte if its length is even · then, up to the end, the System Use field
// Numbers of 4 and 2 bytes are there twice, in little endian first.
#pragma once

#include <cstdint>
#include <ctime>

#include "wire/cursor.h"
#include "wire/error.h"

namespace pixie::images {

struct IsoRecord {
  static constexpr std::uint8_t flag_folder = 0x02;
  static constexpr std::uint8_t flag_associated = 0x04;
  /// More of the file follows in the next record.
  static constexpr std::uint8_t flag_continued = 0x80;

  /// Of the content, behind the extended attributes.
  std::uint64_t block = 0;
  std::uint32_t length = 0;
  std::time_t modified = 0;
  std::uint8_t flags = 0;
  bool interleaved = false;
  /// As written; refers to the bytes that it was read from, as `system_use` does.
  wire::Bytes name;
  wire::Bytes system_use;

  bool is_folder() const { return (flags & flag_folder) != 0; }
  /// The folder itself, and the one above (section 7.6.2).
  bool is_self() const { return name.size() == 1 && name[0] == std::byte{0}; }
  bool is_parent() const { return name.size() == 1 && name[0] == std::byte{1}; }
};

/// The record that `bytes` begin with; it is bytes[0] long. The error is the end of a sentence.
Expected<IsoRecord> parse_iso_record(wire::Bytes bytes);

/// Section 9.1.5: years since 1900, month, day, hour, minute, second, quarters of an hour east of Greenwich. 0 for what
/// is no time.
std::time_t iso_time(wire::Bytes seven);
/// Section 8.4.26.1: sixteen digits `YYYYMMDDhhmmsscc`, and the same offset.
std::time_t iso_long_time(wire::Bytes seventeen);

}  // namespace pixie::images
