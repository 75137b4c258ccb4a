// What the tests and fuzz targets of this folder make by themselves.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "images/udf_tag.h"
#include "wire/cursor.h"

namespace pixie::images::testing {

inline void put(std::span<std::byte> bytes, std::size_t offset, std::uint64_t value,
                std::size_t width) {
  for (std::size_t i = 0; i < width; ++i)
    bytes[offset + i] = static_cast<std::byte>(value >> 8 * i);
}

/// Makes a UDF tag's CRC and sum right; the CRC's length is there, and becomes no longer than what is there.
inline void seal_tag(std::span<std::byte> structure) {
  constexpr std::size_t sum_at = 4, crc_at = 8, length_at = 10;
  const std::size_t told = wire::Reader(wire::Bytes(structure).subspan(length_at)).le16();
  const auto length = std::min(told, structure.size() - udf_tag_size);
  put(structure, length_at, length, 2);
  put(structure, crc_at, udf_crc(structure.subspan(udf_tag_size, length)), 2);
  unsigned sum = 0;
  for (std::size_t i = 0; i < udf_tag_size; ++i) {
    if (i != sum_at) sum += std::to_integer<unsigned>(structure[i]);
  }
  put(structure, sum_at, sum & 0xff, 1);
}

}  // namespace pixie::images::testing
