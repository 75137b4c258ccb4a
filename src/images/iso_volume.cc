#include "images/iso_volume.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "images/iso_record.h"
#include "images/limits.h"
#include "images/text.h"

namespace pixie::images {
namespace {

constexpr std::uint64_t first_sector = 16;
constexpr std::string_view el_torito = "EL TORITO SPECIFICATION";

enum class Type : std::uint8_t { boot = 0, primary = 1, supplementary = 2, end = 255 };

/// Joliet, levels 1 to 3: UCS-2.
bool is_joliet(std::string_view escapes) {
  return escapes.starts_with("%/@") || escapes.starts_with("%/C") || escapes.starts_with("%/E");
}

Expected<IsoVolume> parse_volume(wire::Bytes sector) {
  IsoVolume volume;
  volume.block_size = wire::Reader(sector.subspan(128)).le16();
  if (volume.block_size != 512 && volume.block_size != 1024 && volume.block_size != sector_size) {
    return fail(
        fmt::format("the volume descriptor tells blocks of {} bytes, which ISO 9660 does not have",
                    volume.block_size));
  }
  const auto root = parse_iso_record(sector.subspan(156, 34));
  if (!root) return fail("the volume descriptor has no root folder");
  volume.root_block = root->block;
  volume.root_length = root->length;
  volume.root_modified = root->modified;
  return volume;
}

Expected<void> take_iso(wire::Bytes sector, DiscVolumes& volumes) {
  const auto text = wire::as_text(sector);
  const auto put = [&](std::optional<IsoVolume>& where) -> Expected<void> {
    if (where) return {};
    auto volume = parse_volume(sector);
    if (!volume) return std::unexpected(volume.error());
    where = *volume;
    return {};
  };
  switch (static_cast<Type>(sector[0])) {
    case Type::boot:
      if (text.substr(7).starts_with(el_torito))
        volumes.boot_catalogue = wire::Reader(sector.subspan(71)).le32();
      return {};
    case Type::primary:
      if (!volumes.primary) volumes.volume_id = without_blanks(std::string(text.substr(40, 32)));
      return put(volumes.primary);
    case Type::supplementary:
      return is_joliet(text.substr(88)) ? put(volumes.joliet) : Expected<void>{};
    default:
      return {};
  }
}

}  // namespace

Expected<DiscVolumes> read_volumes(Metadata& image) {
  DiscVolumes volumes;
  std::array<std::byte, sector_size> sector;
  for (std::size_t i = 0; i < limits::descriptors; ++i) {
    const auto offset = (first_sector + i) * sector_size;
    if (!image.holds(offset, sector.size())) break;
    if (const auto read = image.read(offset, sector); !read)
      return fail("the volume descriptor " + read.error().text);
    const auto identifier = wire::as_text(sector).substr(1, 5);
    if (identifier == "CD001") {
      if (const auto taken = take_iso(sector, volumes); !taken)
        return std::unexpected(taken.error());
    } else if (identifier == "NSR02" || identifier == "NSR03") {
      volumes.udf = true;
    } else if (identifier != "BEA01" && identifier != "TEA01" && identifier != "BOOT2" &&
               identifier != std::string_view("\0\0\0\0\0", 5)) {
      // With blocks of 4 KiB every other sector is empty.
      break;
    }
  }
  return volumes;
}

}  // namespace pixie::images
