// What the tests and fuzz targets of this folder make by themselves: discs, sector by sector, so that they can be wrong
// in whatever way.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "images/file_source.h"
#include "images/read_index.h"
#include "images/udf_tag.h"
#include "wire/cursor.h"

namespace pixie::images::testing {

inline constexpr std::size_t sector = 2048;

/// Little endian.
inline void put(std::span<std::byte> bytes, std::size_t offset, std::uint64_t value,
                std::size_t width) {
  for (std::size_t i = 0; i < width; ++i) {
    bytes[offset + i] = static_cast<std::byte>(value >> 8 * i);
  }
}

inline std::string number(std::uint64_t value, std::size_t width) {
  std::string bytes(width, '\0');
  put(std::as_writable_bytes(std::span(bytes)), 0, value, width);
  return bytes;
}

inline std::string big_endian(std::uint64_t value, std::size_t width) {
  auto bytes = number(value, width);
  std::ranges::reverse(bytes);
  return bytes;
}

/// As ISO 9660 has numbers.
inline std::string both(std::uint64_t value, std::size_t width = 4) {
  return number(value, width) + big_endian(value, width);
}

inline std::string utf16(std::u16string_view text) {
  std::string bytes;
  for (const auto unit : text) bytes += big_endian(unit, 2);
  return bytes;
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

/// An image in memory.
class Disc {
 public:
  explicit Disc(std::size_t sectors) : bytes_(sectors * sector) {}

  /// From a place on to the end.
  std::span<std::byte> at(std::size_t block, std::size_t offset = 0) {
    return std::span(bytes_).subspan(block * sector + offset);
  }
  void write(std::size_t block, std::string_view content, std::size_t offset = 0) {
    std::ranges::copy(wire::as_bytes(content), at(block, offset).begin());
  }
  void cut(std::size_t sectors) { bytes_.resize(sectors * sector); }

  wire::Bytes bytes() const { return bytes_; }
  Expected<std::shared_ptr<const Index>> read() const { return read_index(MemorySource(bytes_)); }
  /// A file's content, as its extents tell.
  std::string content(const Index::Node& file) const {
    std::string result;
    for (const auto& extent : file.extents) {
      result += extent.offset == Extent::zeros
                    ? std::string(extent.length, '\0')
                    : std::string(wire::as_text(bytes()).substr(extent.offset, extent.length));
    }
    return result;
  }

 private:
  std::vector<std::byte> bytes_;
};

}  // namespace pixie::images::testing
