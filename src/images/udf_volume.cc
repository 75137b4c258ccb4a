#include "images/udf_volume.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "images/limits.h"
#include "images/text.h"
#include "images/udf_file.h"
#include "images/udf_tag.h"

namespace pixie::images {
namespace {

/// extent_ad (3/7.1), in bytes of the image.
Extent read_extent(wire::Reader& reader, std::uint32_t block_size) {
  const std::uint64_t length = reader.le32();
  return {std::uint64_t{reader.le32()} * block_size, length};
}

struct Anchor {
  std::uint32_t block_size = 0;
  Extent main;
  Extent reserve;
};

/// The anchor volume descriptor pointer (3/10.2), if it is in `block`.
std::optional<Anchor> read_anchor(Metadata& image, std::uint64_t block, std::uint32_t block_size) {
  constexpr std::size_t anchor_size = 512;
  std::array<std::byte, anchor_size> bytes;
  const auto offset = block * block_size;
  if (!image.holds(offset, bytes.size()) || !image.read(offset, bytes)) return std::nullopt;
  const auto tag = check_tag(bytes);
  if (!tag || *tag != UdfTag::anchor || tag_location(bytes) != block) return std::nullopt;
  wire::Reader reader(wire::Bytes(bytes).subspan(udf_tag_size));
  Anchor anchor{.block_size = block_size, .main = {}, .reserve = {}};
  anchor.main = read_extent(reader, block_size);
  anchor.reserve = read_extent(reader, block_size);
  return anchor;
}

/// Blocks are as large as the medium's sectors, which an image does not tell: the anchor says in which it is.
std::optional<Anchor> find_anchor(Metadata& image) {
  for (const std::uint32_t block_size : {2048U, 512U, 4096U, 1024U}) {
    const auto blocks = image.size() / block_size;
    for (const auto block : {std::uint64_t{256}, blocks - 1, blocks - 257}) {
      if (block >= blocks) continue;
      if (const auto anchor = read_anchor(image, block, block_size)) return anchor;
    }
  }
  return std::nullopt;
}

UdfSpace parse_space(wire::Bytes descriptor) {
  wire::Reader reader(descriptor.subspan(22));
  UdfSpace space{.number = reader.le16()};
  reader = wire::Reader(descriptor.subspan(188));
  space.begin = reader.le32();
  space.length = reader.le32();
  return space;
}

/// A map of type 2: 4 an identifier[32] · 36 [2] · 38 number of the partition[2] · 40 what the kind needs.
std::optional<UdfMap> parse_special_map(wire::Bytes map) {
  constexpr std::size_t map_size = 64;
  if (map.size() != map_size) return std::nullopt;
  const auto identifier = wire::as_text(map.subspan(5, 23));
  UdfMap result;
  wire::Reader reader(map.subspan(38));
  result.number = reader.le16();
  if (identifier.starts_with("*UDF Virtual Partition")) {
    result.kind = UdfMap::Kind::virtual_blocks;
  } else if (identifier.starts_with("*UDF Sparable Partition")) {
    result.kind = UdfMap::Kind::sparable;
    result.packet_blocks = reader.le16();
    reader.u16();
    result.sparing_table_size = reader.le32();
    result.sparing_table = reader.le32();
  } else if (identifier.starts_with("*UDF Metadata Partition")) {
    result.kind = UdfMap::Kind::metadata;
    result.metadata_file = reader.le32();
    result.metadata_mirror = reader.le32();
  } else {
    return std::nullopt;
  }
  return result;
}

Expected<std::vector<UdfMap>> parse_maps(wire::Bytes table, std::size_t count) {
  std::vector<UdfMap> maps;
  wire::Reader reader(table);
  while (maps.size() < count) {
    auto peek = reader;
    const auto type = peek.u8();
    const auto map = reader.bytes(peek.u8());
    if (!reader.ok() || map.size() < 6) return fail("UDF's volume has half a partition map");
    if (type == 1) {
      maps.push_back({.number = wire::Reader(map.subspan(4)).le16()});
    } else if (const auto special = parse_special_map(map)) {
      maps.push_back(*special);
    } else {
      return fail(fmt::format("UDF's volume has a partition of a kind that is not known ({})",
                              without_blanks(std::string(wire::as_text(map).substr(5, 23)))));
    }
  }
  return maps;
}

/// The logical volume descriptor (3/10.6).
Expected<void> take_volume(wire::Bytes descriptor, UdfVolume& volume) {
  const auto at = [&](std::size_t offset) { return wire::Reader(descriptor.subspan(offset)); };
  volume.volume_id = without_blanks(utf8_from_dstring(descriptor.subspan(84, 128)));
  if (const auto size = at(212).le32(); size != volume.block_size) {
    return fail(fmt::format("UDF's volume has blocks of {} bytes on a medium with {}", size,
                            volume.block_size));
  }
  volume.revision = at(240).le16();
  auto place = at(248);
  volume.file_set = read_long_ad(place);
  auto table = at(264);
  const std::size_t length = table.le32();
  const std::size_t count = table.le32();
  const auto maps = at(440).bytes(length);
  auto parsed = parse_maps(maps, count);
  if (!parsed) return std::unexpected(parsed.error());
  volume.maps = std::move(*parsed);
  return {};
}

/// Of descriptors of the same kind the later one holds, which in images is the only one.
Expected<UdfVolume> read_sequence(Metadata& image, const Extent& extent, std::uint32_t block_size) {
  UdfVolume volume;
  volume.block_size = block_size;
  const auto blocks = std::min<std::uint64_t>(extent.length / block_size, limits::descriptors);
  for (std::uint64_t i = 0; i < blocks; ++i) {
    const auto bytes = image.read(extent.offset + i * block_size, block_size);
    if (!bytes) return fail("UDF's volume descriptor " + bytes.error().text);
    const auto tag = check_tag(*bytes);
    if (!tag) return fail("UDF's volume descriptor " + tag.error().text);
    if (*tag == UdfTag::end_of_volumes) break;
    if (*tag == UdfTag::partition) volume.spaces.push_back(parse_space(*bytes));
    if (*tag != UdfTag::logical_volume) continue;
    if (auto taken = take_volume(*bytes, volume); !taken) return std::unexpected(taken.error());
  }
  if (volume.maps.empty() || volume.spaces.empty()) {
    return fail("UDF's volume descriptors are not complete");
  }
  return volume;
}

}  // namespace

Expected<std::optional<UdfVolume>> find_udf(Metadata& image) {
  const auto anchor = find_anchor(image);
  if (!anchor) return std::nullopt;
  auto volume = read_sequence(image, anchor->main, anchor->block_size);
  if (volume) return std::move(*volume);
  auto reserve = read_sequence(image, anchor->reserve, anchor->block_size);
  if (reserve) return std::move(*reserve);
  return std::unexpected(volume.error());
}

}  // namespace pixie::images
