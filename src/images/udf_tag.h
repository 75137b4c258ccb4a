// The tag that each of UDF's structures begins with (ECMA-167 3/7.2):
//   0 identifier[2] · 2 version[2] · 4 sum of the other 15 bytes · 6 serial number[2] · 8 CRC[2], and 10 the length[2] of
//   what it is over, the bytes behind the tag · 12 the block where the structure is[4]
// All of UDF is little endian.
#pragma once

#include <cstdint>

#include "wire/cursor.h"
#include "wire/error.h"

namespace pixie::images {

enum class UdfTag : std::uint16_t {
  anchor = 2,
  partition = 5,
  logical_volume = 6,
  end_of_volumes = 8,
  file_set = 256,
  file_identifier = 257,
  more_allocations = 258,
  file_entry = 261,
  extended_file_entry = 266,
};

inline constexpr std::size_t udf_tag_size = 16;

/// x^16 + x^12 + x^5 + 1, beginning with 0 (ECMA-167 3/7.2.6).
std::uint16_t udf_crc(wire::Bytes bytes);
/// Of a structure whose tag's sum and CRC are right. The error is the end of a sentence.
Expected<UdfTag> check_tag(wire::Bytes structure);
/// Where the structure says it is.
std::uint32_t tag_location(wire::Bytes structure);

}  // namespace pixie::images
