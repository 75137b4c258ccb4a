// Discs with UDF, for tests: blocks of 2,048 bytes, the anchor in sector 256, a space that begins in sector 280.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "images/testing.h"

namespace pixie::images::testing {

inline constexpr std::uint32_t space_begin = 280, space_blocks = 100;
inline constexpr std::uint32_t file_set_block = 0, udf_root_block = 1;

/// A structure with its tag; `body` is what follows the tag.
inline std::string structure(UdfTag tag, std::uint32_t location, std::string_view body) {
  std::string bytes = number(std::to_underlying(tag), 2) + number(2, 2) + std::string(4, '\0') +
                      std::string(2, '\0') + number(body.size(), 2) + number(location, 4) +
                      std::string(body);
  seal_tag(std::as_writable_bytes(std::span(bytes)));
  return bytes;
}

inline std::string short_ad(std::uint32_t length, std::uint32_t block, std::uint32_t type = 0) {
  return number(length | type << 30, 4) + number(block, 4);
}
inline std::string long_ad(std::uint32_t length, std::uint32_t block, std::uint16_t partition = 0,
                           std::uint32_t type = 0) {
  return short_ad(length, block, type) + number(partition, 2) + std::string(6, '\0');
}

inline constexpr std::uint8_t folder_type = 4, file_type = 5, link_type = 12, table_type = 248;
inline constexpr std::uint16_t short_form = 0, long_form = 1, embedded_form = 3;

struct Entry {
  std::uint8_t type = file_type;
  std::uint16_t form = short_form;
  std::uint64_t size = 0;
  /// Allocation descriptors, or the content.
  std::string allocations;
  bool extended = false;
};

/// A file entry without its tag.
inline std::string entry_body(const Entry& entry) {
  std::string body(entry.extended ? 200 : 160, '\0');
  const auto bytes = std::as_writable_bytes(std::span(body));
  // All offsets are those in the structure, less its tag.
  put(bytes, 27 - 16, entry.type, 1);
  put(bytes, 34 - 16, entry.form, 2);
  put(bytes, 56 - 16, entry.size, 8);
  const std::size_t modified = (entry.extended ? 92 : 84) - 16;
  // 2024-02-29 12:30:15, 60 minutes east of Greenwich.
  put(bytes, modified, 0x1000 | 60, 2);
  put(bytes, modified + 2, 2024, 2);
  for (const auto& [offset, value] : {std::pair{4, 2}, {5, 29}, {6, 12}, {7, 30}, {8, 15}}) {
    put(bytes, modified + static_cast<std::size_t>(offset), static_cast<std::uint64_t>(value), 1);
  }
  put(bytes, body.size() - 4, entry.allocations.size(), 4);
  return body + entry.allocations;
}

inline std::string osta(std::string_view latin) { return "\x08" + std::string(latin); }

struct Identifier {
  std::string name;
  std::uint32_t block = 0;
  std::uint16_t partition = 0;
  std::uint8_t characteristics = 0;
};

inline std::string identifier(const Identifier& of) {
  const auto name = of.name.empty() || of.name[0] == '\x10' ? of.name : osta(of.name);
  std::string body = number(1, 2) + number(of.characteristics, 1) + number(name.size(), 1) +
                     long_ad(sector, of.block, of.partition) + number(0, 2) + name;
  body.resize((body.size() + 3) / 4 * 4);
  return structure(UdfTag::file_identifier, 0, body);
}

class UdfDisc : public Disc {
 public:
  explicit UdfDisc(std::size_t sectors = space_begin + space_blocks) : Disc(sectors) {
    write(16, std::string_view("\0BEA01\1", 7));
    write(17, std::string_view("\0NSR02\1", 7));
    write(18, std::string_view("\0TEA01\1", 7));
    write(256, structure(UdfTag::anchor, 256,
                         number(16 * sector, 4) + number(32, 4) + number(16 * sector, 4) +
                             number(64, 4) + std::string(480, '\0')));
    write_volumes({plain_map()});
    write_block(
        file_set_block, UdfTag::file_set,
        std::string(400 - 16, '\0') + long_ad(sector, udf_root_block) + std::string(96, '\0'));
  }

  static std::string plain_map() { return "\1\6" + number(1, 2) + number(7, 2); }
  static std::string special_map(std::string_view name, std::string_view rest) {
    std::string map = "\2\x40" + number(0, 2) + number(0, 1) + std::string(name);
    map.resize(36);
    map += number(1, 2) + number(7, 2) + std::string(rest);
    map.resize(64);
    return map;
  }

  /// The volume descriptor sequence. The file set is in the partition `file_set_partition`.
  void write_volumes(const std::vector<std::string>& maps, std::uint16_t revision = 0x0102,
                     std::uint16_t file_set_partition = 0, std::uint32_t first = 32) {
    std::string table;
    for (const auto& map : maps) table += map;
    std::string volume(440 - 16, '\0');
    const auto bytes = std::as_writable_bytes(std::span(volume));
    volume.replace(84 - 16, 6, osta("TITLE"));
    put(bytes, 211 - 16, 6, 1);
    put(bytes, 212 - 16, sector, 4);
    put(bytes, 240 - 16, revision, 2);
    volume.replace(248 - 16, 16, long_ad(sector, file_set_block, file_set_partition));
    put(bytes, 264 - 16, table.size(), 4);
    put(bytes, 268 - 16, maps.size(), 4);
    std::string space(512 - 16, '\0');
    const auto space_bytes = std::as_writable_bytes(std::span(space));
    put(space_bytes, 22 - 16, 7, 2);
    put(space_bytes, 188 - 16, space_begin, 4);
    put(space_bytes, 192 - 16, space_blocks, 4);
    write(first, structure(UdfTag::logical_volume, first, volume + table));
    write(first + 1, structure(UdfTag::partition, first + 1, space));
    write(first + 2, structure(UdfTag::end_of_volumes, first + 2, std::string(496, '\0')));
  }

  /// In the space.
  void write_block(std::uint32_t block, UdfTag tag, std::string_view body) {
    write(space_begin + block, structure(tag, block, body));
  }
  void write_entry(std::uint32_t block, const Entry& entry) {
    write_block(block, entry.extended ? UdfTag::extended_file_entry : UdfTag::file_entry,
                entry_body(entry));
  }
  /// A folder whose identifiers are in its file entry.
  void write_folder(std::uint32_t block, const std::vector<Identifier>& identifiers) {
    auto content = identifier({"", udf_root_block, 0, 0x08});
    for (const auto& each : identifiers) content += identifier(each);
    write_entry(block, {folder_type, embedded_form, content.size(), content});
  }
  void write_content(std::uint32_t block, std::string_view content) {
    write(space_begin + block, content);
  }
};

}  // namespace pixie::images::testing
