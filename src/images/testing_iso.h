// Discs with ISO 9660, for tests.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "images/testing.h"

namespace pixie::images::testing {

struct Record {
  std::string name;
  std::uint32_t block = 0;
  std::uint32_t length = 0;
  std::uint8_t flags = 0;
  std::string system_use = {};
  std::uint8_t attribute_blocks = 0;
  std::uint8_t unit = 0;
  std::uint8_t gap = 0;
};

inline constexpr std::uint8_t is_folder = 0x02, is_associated = 0x04, goes_on = 0x80;

/// 2024-02-29 12:30:15, an hour east of Greenwich.
inline constexpr std::string_view some_time("\x7c\x02\x1d\x0c\x1e\x0f\x04", 7);
inline constexpr std::time_t some_seconds = 1'709'206'215;

inline std::string encode(const Record& record) {
  std::string bytes = number(record.attribute_blocks, 1) + both(record.block) +
                      both(record.length) + std::string(some_time) + number(record.flags, 1) +
                      number(record.unit, 1) + number(record.gap, 1) + both(1, 2) +
                      number(record.name.size(), 1) + record.name;
  if (bytes.size() % 2 == 0) bytes += '\0';
  bytes += record.system_use;
  if (bytes.size() % 2 == 0) bytes += '\0';
  return number(bytes.size() + 1, 1) + bytes;
}

/// A folder of one sector. `own`: the System Use field of its own record.
inline void write_folder(Disc& disc, std::uint32_t block, const std::vector<Record>& records,
                         std::string_view own = {}) {
  std::string bytes = encode({std::string(1, '\0'), block, sector, is_folder, std::string(own)}) +
                      encode({std::string(1, '\1'), block, sector, is_folder});
  for (const auto& record : records) bytes += encode(record);
  bytes.resize(std::max<std::size_t>(bytes.size(), sector));
  disc.write(block, bytes);
}

inline void write_volume(Disc& disc, std::uint32_t block, std::uint8_t type,
                         std::uint32_t root_block, std::string_view identifier = "TITLE",
                         std::string_view escapes = {}, std::uint32_t root_length = sector) {
  disc.write(block, number(type, 1) + "CD001\1");
  disc.write(block, identifier, 40);
  disc.write(block, escapes, 88);
  disc.write(block, both(sector, 2), 128);
  disc.write(block, encode({std::string(1, '\0'), root_block, root_length, is_folder}), 156);
}

inline constexpr std::uint32_t root_block = 20;

/// A disc of 64 sectors with a primary volume, whose root, in sector 20, has these records.
inline Disc iso_disc(const std::vector<Record>& root, std::string_view own = {}) {
  Disc disc(64);
  write_volume(disc, 16, 1, root_block);
  disc.write(17,
             "\xff"
             "CD001\1");
  write_folder(disc, root_block, root, own);
  return disc;
}

/// A field of SUSP.
inline std::string field(std::string_view signature, std::string_view content) {
  return std::string(signature) + number(content.size() + 4, 1) + '\1' + std::string(content);
}

/// What a root folder's own record has with Rock Ridge.
inline std::string rock_ridge_root() {
  return field("SP", std::string_view("\xbe\xef\0", 3)) +
         field("PX", both(0040755) + both(2) + both(0) + both(0));
}
inline std::string name_field(std::string_view name, std::uint8_t flags = 0) {
  return field("NM", number(flags, 1) + std::string(name));
}
inline std::string continued_at(std::uint32_t block, std::uint32_t offset, std::uint32_t length) {
  return field("CE", both(block) + both(offset) + both(length));
}

}  // namespace pixie::images::testing
