#include "images/udf_maps.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "images/limits.h"
#include "images/udf_file.h"
#include "images/udf_tag.h"

namespace pixie::images {
namespace {

using Kind = UdfMap::Kind;

bool is_real(Kind kind) { return kind == Kind::plain || kind == Kind::sparable; }

/// A packet that is elsewhere; both in blocks.
struct MovedPacket {
  /// In the partition.
  std::uint32_t from = 0;
  /// On the medium.
  std::uint32_t to = 0;
};

class Maker {
 public:
  Maker(Metadata& image, const UdfVolume& volume)
      : image_(image),
        volume_(volume),
        block_size_(volume.block_size),
        made_(volume.block_size, volume.maps.size()) {}

  Expected<UdfPartitions> make() {
    // The others lie in these.
    for (const bool real : {true, false}) {
      for (std::size_t i = 0; i < volume_.maps.size(); ++i) {
        if (is_real(volume_.maps[i].kind) != real) continue;
        auto pieces = pieces_of(volume_.maps[i]);
        if (!pieces) {
          return fail(fmt::format("UDF's partition {} {}", i, pieces.error().text));
        }
        made_.set(i, UdfPartition(std::move(*pieces)));
      }
    }
    return std::move(made_);
  }

 private:
  Expected<std::vector<Extent>> pieces_of(const UdfMap& map) {
    const auto space = std::ranges::find(volume_.spaces, map.number, &UdfSpace::number);
    if (space == volume_.spaces.end()) {
      return fail(fmt::format("is in a space {} that there is not", map.number));
    }
    switch (map.kind) {
      case Kind::sparable:
        return sparable_pieces(map, *space);
      case Kind::virtual_blocks:
        return virtual_pieces(map, *space);
      case Kind::metadata:
        return metadata_pieces(map);
      default:
        return std::vector<Extent>{on_medium(space->begin, space->length)};
    }
  }

  Extent on_medium(std::uint64_t block, std::uint64_t blocks) const {
    return {block * block_size_, blocks * block_size_};
  }

  /// The number of the partition that is the space itself.
  Expected<std::uint16_t> real_partition(const UdfMap& map) const {
    for (std::size_t i = 0; i < volume_.maps.size(); ++i) {
      const auto& other = volume_.maps[i];
      if (is_real(other.kind) && other.number == map.number) return static_cast<std::uint16_t>(i);
    }
    return fail("is in no other partition");
  }

  /// UDF 2.2.9, 2.2.12: packets with a defect are in another place.
  Expected<std::vector<Extent>> sparable_pieces(const UdfMap& map, const UdfSpace& space) {
    auto moved = read_sparing_table(map);
    if (!moved) return std::unexpected(moved.error());
    std::ranges::sort(*moved, {}, &MovedPacket::from);
    std::vector<Extent> pieces;
    std::uint64_t next = 0;
    for (const auto& packet : *moved) {
      const std::uint64_t end = std::uint64_t{packet.from} + map.packet_blocks;
      if (packet.from < next || end > space.length) continue;
      pieces.push_back(on_medium(space.begin + next, packet.from - next));
      pieces.push_back(on_medium(packet.to, map.packet_blocks));
      next = end;
    }
    pieces.push_back(on_medium(space.begin + next, space.length - next));
    return pieces;
  }

  /// 16 "*UDF Sparing Table", an identifier[32] · 48 entries[2] · [6] · entries: from[4], to[4]; from 0xfffffff0 on none.
  Expected<std::vector<MovedPacket>> read_sparing_table(const UdfMap& map) {
    constexpr std::size_t count_offset = 48, entries_offset = 56;
    constexpr std::uint32_t no_packet = 0xfffffff0;
    const auto bytes = image_.read(std::uint64_t{map.sparing_table} * block_size_,
                                   std::min<std::size_t>(map.sparing_table_size, limits::folder));
    if (!bytes) return fail("has a sparing table that " + bytes.error().text);
    if (!check_tag(*bytes) || bytes->size() < entries_offset) {
      return fail("has a damaged sparing table");
    }
    const std::size_t count = wire::Reader(wire::Bytes(*bytes).subspan(count_offset)).le16();
    wire::Reader reader(wire::Bytes(*bytes).subspan(entries_offset));
    std::vector<MovedPacket> moved;
    for (std::size_t i = 0; i < count; ++i) {
      MovedPacket packet{.from = reader.le32()};
      packet.to = reader.le32();
      if (!reader.ok()) return fail("has a sparing table that is too short");
      if (packet.from < no_packet) moved.push_back(packet);
    }
    return moved;
  }

  /// UDF 2.2.11: a list of blocks, in a file whose entry is the last block that was written.
  Expected<std::vector<Extent>> virtual_pieces(const UdfMap& map, const UdfSpace& space) {
    const auto real = real_partition(map);
    if (!real) return std::unexpected(real.error());
    const auto table = read_allocation_table(space, *real);
    if (!table) return std::unexpected(table.error());
    constexpr std::uint32_t unused = 0xffffffff;
    std::vector<Extent> pieces;
    wire::Reader reader(*table);
    while (reader.remaining() >= sizeof(std::uint32_t)) {
      const auto block = reader.le32();
      auto piece = on_medium(std::uint64_t{space.begin} + block, 1);
      if (block == unused) piece.offset = Extent::zeros;
      pieces.push_back(piece);
    }
    return pieces;
  }

  /// Without what is around the list: before it, as long as its first two bytes say; of UDF 1.50 36 bytes behind it.
  Expected<std::vector<std::byte>> read_allocation_table(const UdfSpace& space,
                                                         std::uint16_t partition) {
    constexpr std::uint16_t with_header = 0x0200;
    constexpr std::size_t trailer = 36, header_and_trailer = 4096;
    const auto file = find_allocation_table(space, partition);
    if (!file) return fail("has no virtual allocation table at the image's end");
    // No more entries than the medium has blocks.
    const auto longest = image_.size() / block_size_ * sizeof(std::uint32_t) + header_and_trailer;
    auto bytes = read_content(image_, *file, std::min(longest, limits::folder));
    if (!bytes) return fail("has a virtual allocation table that " + bytes.error().text);
    const std::size_t header =
        volume_.revision >= with_header ? wire::Reader(*bytes).le16() : std::size_t{0};
    const std::size_t behind = volume_.revision >= with_header ? 0 : trailer;
    if (bytes->size() < header + behind)
      return fail("has a virtual allocation table that is too short");
    bytes->resize(bytes->size() - behind);
    bytes->erase(bytes->begin(), bytes->begin() + static_cast<std::ptrdiff_t>(header));
    return bytes;
  }

  std::optional<UdfFile> find_allocation_table(const UdfSpace& space, std::uint16_t partition) {
    // Padding, and blocks between tracks, may follow.
    constexpr std::uint64_t blocks_to_try = 512;
    const auto blocks = image_.size() / block_size_;
    for (std::uint64_t i = 1; i <= std::min(blocks, blocks_to_try); ++i) {
      const auto block = blocks - i;
      if (block < space.begin) break;
      const UdfPlace place{static_cast<std::uint32_t>(block - space.begin), partition, block_size_};
      auto file = read_udf_file(image_, made_, place);
      if (file && (file->type == UdfFile::Type::allocation_table ||
                   file->type == UdfFile::Type::unspecified)) {
        return std::move(*file);
      }
    }
    return std::nullopt;
  }

  /// UDF 2.2.10, 2.2.13: a file, of which there is a copy.
  Expected<std::vector<Extent>> metadata_pieces(const UdfMap& map) {
    const auto real = real_partition(map);
    if (!real) return std::unexpected(real.error());
    auto file = read_udf_file(image_, made_, {map.metadata_file, *real, block_size_});
    if (!file) {
      auto mirror = read_udf_file(image_, made_, {map.metadata_mirror, *real, block_size_});
      if (!mirror) return fail("has a metadata file that " + file.error().text);
      file = std::move(mirror);
    }
    return std::move(file->extents);
  }

  Metadata& image_;
  const UdfVolume& volume_;
  std::uint32_t block_size_;
  UdfPartitions made_;
};

}  // namespace

Expected<UdfPartitions> make_partitions(Metadata& image, const UdfVolume& volume) {
  return Maker(image, volume).make();
}

}  // namespace pixie::images
