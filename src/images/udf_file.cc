#include "images/udf_file.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "images/limits.h"
#include "images/udf_tag.h"

namespace pixie::images {
namespace {

/// Of an extent's length; the two bits above are its type.
constexpr std::uint32_t length_mask = 0x3fffffff;
enum class ExtentType : std::uint8_t {
  recorded = 0,
  allocated = 1,
  not_allocated = 2,
  more_allocations = 3,
};

/// How a file's extents are written: bits 0 to 2 of the ICB's flags (4/14.6.8).
enum class AllocationForm : std::uint8_t { short_ad = 0, long_ad = 1, embedded = 3 };

/// timestamp (1/7.3).
std::time_t udf_time(wire::Bytes twelve) {
  using namespace std::chrono;
  constexpr int unspecified = -2047;
  wire::Reader reader(twelve);
  const auto zone = reader.le16() & 0x0fff;
  const int east = zone >= 0x0800 ? zone - 0x1000 : zone;
  const year_month_day date{year(static_cast<std::int16_t>(reader.le16())), month(reader.u8()),
                            day(reader.u8())};
  const auto local = hours(reader.u8()) + minutes(reader.u8()) + seconds(reader.u8());
  if (!reader.ok() || !date.ok()) return 0;
  const auto at = sys_days(date) + local - minutes(east == unspecified ? 0 : east);
  return at.time_since_epoch().count();
}

/// Reads the allocation descriptors of one file.
class Allocations {
 public:
  Allocations(Metadata& image, const UdfPartitions& partitions, std::uint16_t partition,
              AllocationForm form)
      : image_(image), partitions_(partitions), partition_(partition), form_(form) {}

  /// `area`: the first of them.
  Expected<std::vector<Extent>> read(wire::Bytes area, std::uint64_t size) {
    wire::Reader reader(area);
    std::uint64_t left = size;
    while (left > 0) {
      if (reader.at_end()) return fail(fmt::format("has {} bytes less than it tells", left));
      ExtentType type{};
      auto place = read_one(reader, type);
      if (!reader.ok()) return fail("has half an allocation descriptor");
      if (type == ExtentType::more_allocations) {
        // Else they could lead in a circle.
        if (std::exchange(left_before_, left) == left) return fail("has no end of descriptors");
        if (auto more = read_more(place); !more) return std::unexpected(more.error());
        reader = wire::Reader(area_);
        continue;
      }
      if (place.length == 0) return fail(fmt::format("has {} bytes less than it tells", left));
      place.length = static_cast<std::uint32_t>(std::min<std::uint64_t>(place.length, left));
      if (auto added = add(place, type); !added) return std::unexpected(added.error());
      left -= place.length;
    }
    return std::move(extents_);
  }

 private:
  UdfPlace read_one(wire::Reader& reader, ExtentType& type) const {
    auto peek = reader;
    type = static_cast<ExtentType>(peek.le32() >> 30);
    if (form_ == AllocationForm::long_ad) return read_long_ad(reader);
    UdfPlace place{.partition = partition_};
    place.length = reader.le32() & length_mask;
    place.block = reader.le32();
    return place;
  }

  /// The next allocation descriptors: a structure of their own (4/14.5).
  Expected<void> read_more(const UdfPlace& place) {
    constexpr std::size_t length_offset = 20, header_size = 24;
    auto bytes =
        read_place(image_, partitions_, {place.block, place.partition, partitions_.block_size()});
    if (!bytes) return fail("has allocation descriptors that " + bytes.error().text);
    const auto tag = check_tag(*bytes);
    if (!tag || *tag != UdfTag::more_allocations) {
      return fail(
          fmt::format("has allocation descriptors in block {}, where there are none", place.block));
    }
    const std::size_t length = wire::Reader(wire::Bytes(*bytes).subspan(length_offset)).le32();
    more_ = std::move(*bytes);
    const auto all = wire::Bytes(more_).subspan(header_size);
    area_ = all.first(std::min(length, all.size()));
    return {};
  }

  Expected<void> add(const UdfPlace& place, ExtentType type) {
    if (extents_.size() >= limits::extents) {
      return fail(fmt::format("is in more than {} pieces", limits::extents));
    }
    if (type == ExtentType::recorded) return partitions_.map(place, extents_);
    extents_.push_back({Extent::zeros, place.length});
    return {};
  }

  Metadata& image_;
  const UdfPartitions& partitions_;
  std::uint16_t partition_;
  AllocationForm form_;
  /// The structure that is being read, and the descriptors in it.
  std::vector<std::byte> more_;
  wire::Bytes area_;
  /// How many bytes of the file were missing when it was begun.
  std::optional<std::uint64_t> left_before_;
  std::vector<Extent> extents_;
};

/// Where things are in a file entry, and in an extended one.
struct Layout {
  std::size_t modified;
  std::size_t attributes_length;
};
constexpr Layout plain{.modified = 84, .attributes_length = 168};
constexpr Layout extended{.modified = 92, .attributes_length = 208};
constexpr std::size_t type_offset = 27, flags_offset = 34, size_offset = 56;

/// A file entry, of either kind.
struct FileEntry {
  UdfFile::Type type{};
  std::uint64_t size = 0;
  std::time_t modified = 0;
  AllocationForm form{};
  /// The allocation descriptors, or the embedded content, and where in the block that is.
  wire::Bytes allocations;
  std::size_t offset = 0;
};

Expected<FileEntry> parse_entry(wire::Bytes block) {
  const auto tag = check_tag(block);
  if (!tag) return std::unexpected(tag.error());
  if (*tag != UdfTag::file_entry && *tag != UdfTag::extended_file_entry) {
    return fail("is no file entry");
  }
  const auto& layout = *tag == UdfTag::file_entry ? plain : extended;
  const auto at = [&](std::size_t offset) { return wire::Reader(block.subspan(offset)); };
  FileEntry entry;
  entry.type = static_cast<UdfFile::Type>(at(type_offset).u8());
  entry.size = at(size_offset).le64();
  entry.modified = udf_time(block.subspan(layout.modified, 12));
  entry.form = static_cast<AllocationForm>(at(flags_offset).le16() & 7);
  auto reader = at(layout.attributes_length);
  const std::size_t attributes = reader.le32();
  const std::size_t length = reader.le32();
  reader.bytes(attributes);
  entry.offset = block.size() - reader.remaining();
  entry.allocations = reader.bytes(length);
  if (!reader.ok()) return fail("has a file entry that is longer than its block");
  return entry;
}

/// Where the block at `place` lies in the image.
Expected<std::uint64_t> offset_of(const UdfPartitions& partitions, const UdfPlace& place) {
  std::vector<Extent> where;
  if (const auto mapped = partitions.map(place, where); !mapped) {
    return std::unexpected(mapped.error());
  }
  if (where.size() != 1 || where.front().offset == Extent::zeros) return fail("is nowhere");
  return where.front().offset;
}

Expected<std::vector<Extent>> extents_of(Metadata& image, const UdfPartitions& partitions,
                                         const UdfPlace& block, const FileEntry& entry) {
  switch (entry.form) {
    case AllocationForm::embedded: {
      if (entry.size > entry.allocations.size()) return fail("has more bytes than its file entry");
      const auto offset = offset_of(partitions, block);
      if (!offset) return std::unexpected(offset.error());
      return std::vector<Extent>{{*offset + entry.offset, entry.size}};
    }
    case AllocationForm::short_ad:
    case AllocationForm::long_ad:
      return Allocations(image, partitions, block.partition, entry.form)
          .read(entry.allocations, entry.size);
    default:
      return fail("has allocation descriptors of a form that UDF does not have");
  }
}

}  // namespace

Expected<UdfFile> read_udf_file(Metadata& image, const UdfPartitions& partitions,
                                const UdfPlace& place) {
  const UdfPlace block{place.block, place.partition, partitions.block_size()};
  const auto bytes = read_place(image, partitions, block);
  if (!bytes) return std::unexpected(bytes.error());
  const auto entry = parse_entry(*bytes);
  if (!entry) return std::unexpected(entry.error());
  auto extents = extents_of(image, partitions, block, *entry);
  if (!extents) return std::unexpected(extents.error());
  return UdfFile{entry->type, entry->modified, entry->size, std::move(*extents)};
}

Expected<std::vector<std::byte>> read_content(Metadata& image, const UdfFile& file,
                                              std::uint64_t limit) {
  if (file.size > limit) {
    return fail(fmt::format("has {} bytes, more than any real one", file.size));
  }
  std::vector<std::byte> bytes(file.size);
  std::span<std::byte> rest(bytes);
  for (const auto& extent : file.extents) {
    const auto part = rest.first(extent.length);
    rest = rest.subspan(extent.length);
    if (extent.offset == Extent::zeros) continue;
    if (const auto read = image.read(extent.offset, part); !read) {
      return std::unexpected(read.error());
    }
  }
  return bytes;
}

Expected<std::vector<std::byte>> read_place(Metadata& image, const UdfPartitions& partitions,
                                            const UdfPlace& place) {
  UdfFile all;
  all.size = place.length;
  if (const auto mapped = partitions.map(place, all.extents); !mapped) {
    return std::unexpected(mapped.error());
  }
  return read_content(image, all, all.size);
}

UdfPlace read_long_ad(wire::Reader& reader) {
  UdfPlace place;
  place.length = reader.le32() & length_mask;
  place.block = reader.le32();
  place.partition = reader.le16();
  reader.bytes(6);
  return place;
}

}  // namespace pixie::images
