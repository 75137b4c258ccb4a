#include "images/el_torito.h"

#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>

#include "images/iso_volume.h"
#include "wire/cursor.h"

namespace pixie::images {
namespace {

constexpr std::size_t entry_size = 32;
constexpr std::uint8_t uefi = 0xef;
constexpr std::uint64_t load_sector = 512;

enum class Medium : std::uint8_t { as_it_is, floppy_1200, floppy_1440, floppy_2880, hard_disk };

struct Entry {
  std::uint8_t platform = 0;
  Medium medium = Medium::as_it_is;
  std::uint16_t sectors = 0;
  std::uint64_t offset = 0;
};

bool is_valid(wire::Bytes validation) {
  wire::Reader reader(validation);
  std::uint16_t sum = 0;
  while (!reader.at_end()) sum = static_cast<std::uint16_t>(sum + reader.le16());
  return sum == 0 && validation[0] == std::byte{1} && validation[30] == std::byte{0x55} &&
         validation[31] == std::byte{0xaa};
}

/// Adds the entry to `found` if it is bootable.
void take_entry(wire::Bytes bytes, std::uint8_t platform, std::vector<Entry>& found) {
  constexpr std::uint8_t bootable = 0x88, medium_mask = 0x0f;
  wire::Reader reader(bytes);
  if (reader.u8() != bootable) return;
  Entry entry{.platform = platform, .medium = static_cast<Medium>(reader.u8() & medium_mask)};
  reader.bytes(4);
  entry.sectors = reader.le16();
  entry.offset = std::uint64_t{reader.le32()} * sector_size;
  found.push_back(entry);
}

/// `rest`: the catalogue behind its default entry.
void take_sections(wire::Bytes rest, std::vector<Entry>& found) {
  constexpr std::uint8_t header = 0x90, last_header = 0x91, extension = 0x44;
  wire::Reader reader(rest);
  for (bool more = true; more && !reader.at_end();) {
    wire::Reader section(reader.bytes(entry_size));
    const auto kind = section.u8();
    if (kind != header && kind != last_header) return;
    more = kind == header;
    const auto platform = section.u8();
    for (std::size_t left = section.le16(); left > 0 && !reader.at_end();) {
      const auto entry = reader.bytes(entry_size);
      if (entry[0] == std::byte{extension}) continue;
      take_entry(entry, platform, found);
      --left;
    }
  }
}

/// Of the first partition and what is before it; 0 if there is none.
Expected<std::uint64_t> hard_disk_length(Metadata& image, std::uint64_t offset) {
  constexpr std::size_t first_partition = 446;
  std::array<std::byte, load_sector> boot_record;
  if (const auto read = image.read(offset, boot_record); !read) {
    return std::unexpected(read.error());
  }
  wire::Reader reader(wire::Bytes(boot_record).subspan(first_partition + 8, 8));
  const std::uint64_t begin = reader.le32();
  return (begin + reader.le32()) * load_sector;
}

std::optional<std::uint64_t> file_length(const Index::Storage& files, std::uint64_t offset) {
  for (const auto& entry : files.entries) {
    if (entry.kind != Index::Kind::file || entry.link || entry.count == 0) continue;
    const auto& first = files.extents[entry.first];
    if (first.offset == offset) return first.length;
  }
  return std::nullopt;
}

Expected<std::uint64_t> length_of(const Entry& entry, Metadata& image,
                                  const Index::Storage& files) {
  switch (entry.medium) {
    case Medium::floppy_1200:
      return 1'200 * 1024;
    case Medium::floppy_1440:
      return 1'440 * 1024;
    case Medium::floppy_2880:
      return 2'880 * 1024;
    case Medium::hard_disk:
      return hard_disk_length(image, entry.offset);
    default:
      break;
  }
  if (const auto length = file_length(files, entry.offset)) return *length;
  if (entry.platform == uefi && entry.sectors <= 1) return image.size();
  return entry.sectors * load_sector;
}

}  // namespace

Expected<std::vector<Index::BootImage>> read_boot_images(Metadata& image, std::uint32_t block,
                                                         const Index::Storage& files) {
  std::array<std::byte, sector_size> bytes;
  const auto read = image.read(std::uint64_t{block} * sector_size, bytes);
  if (!read) return fail("the boot catalogue " + read.error().text);
  const wire::Bytes catalogue(bytes);
  if (!is_valid(catalogue.first(entry_size))) return {};

  std::vector<Entry> entries;
  take_entry(catalogue.subspan(entry_size, entry_size), std::to_integer<std::uint8_t>(catalogue[1]),
             entries);
  take_sections(catalogue.subspan(2 * entry_size), entries);
  std::vector<Index::BootImage> images;
  for (const auto& entry : entries) {
    if (!image.holds(entry.offset, 1)) {
      return fail(fmt::format(
          "a boot image lies at byte {}, beyond the image's end at {} (is the file complete?)",
          entry.offset, image.size()));
    }
    const auto length = length_of(entry, image, files);
    if (!length) return fail("a boot image " + length.error().text);
    if (*length == 0) continue;
    images.push_back(
        {entry.platform, {entry.offset, std::min(*length, image.size() - entry.offset)}});
  }
  return images;
}

}  // namespace pixie::images
