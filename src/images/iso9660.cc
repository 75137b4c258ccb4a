#include "images/iso9660.h"

#include <algorithm>
#include <array>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "images/iso_record.h"
#include "images/limits.h"
#include "images/rock_ridge.h"
#include "images/text.h"

namespace pixie::images {
namespace {

/// A record is at most this long.
using RecordBuffer = std::array<std::byte, 255>;

/// The record of a folder for itself, its first.
Expected<IsoRecord> read_own_record(Metadata& image, std::uint64_t offset, RecordBuffer& buffer) {
  if (const auto read = image.read(offset, buffer); !read) return std::unexpected(read.error());
  const auto record = parse_iso_record(buffer);
  if (!record || !record->is_self() || !record->is_folder()) return fail("is no folder");
  return record;
}

class IsoReader {
 public:
  IsoReader(Metadata& image, const IsoVolume& volume, const IsoExtensions& extensions,
            Builder& builder)
      : image_(image), block_size_(volume.block_size), extensions_(extensions), builder_(builder) {
    builder.set_root_time(volume.root_modified);
    waiting_.push_back({Builder::root, volume.root_block, volume.root_length});
  }

  Expected<void> read_all() {
    for (std::size_t i = 0; i < waiting_.size(); ++i) {
      const auto folder = waiting_[i];
      if (auto read = read_folder(folder); !read) return read;
    }
    return {};
  }

 private:
  struct Waiting {
    Builder::Folder folder;
    std::uint64_t block;
    std::uint32_t length;
  };
  struct File {
    std::string raw_name;
    std::string name;
    std::time_t modified = 0;
    std::vector<Extent> extents;
  };

  std::unexpected<Error> wrong(const Waiting& folder, std::string_view what) const {
    return fail(
        fmt::format("{}, at block {}, {}", builder_.describe(folder.folder), folder.block, what));
  }

  Expected<void> read_folder(const Waiting& folder) {
    if (folder.length == 0) return {};
    if (folder.length > limits::folder) {
      return wrong(folder,
                   fmt::format("has {} bytes of records, more than any real one", folder.length));
    }
    if (!seen_.insert(folder.block).second) {
      return wrong(folder, "is another folder, too: folders in a circle");
    }
    const auto bytes = image_.read(folder.block * block_size_, folder.length);
    if (!bytes) return wrong(folder, bytes.error().text);
    if (auto read = read_records(folder, *bytes); !read) return read;
    return finish_file(folder.folder);
  }

  Expected<void> read_records(const Waiting& folder, wire::Bytes bytes) {
    for (std::size_t at = 0; at < bytes.size();) {
      const auto length = std::to_integer<std::size_t>(bytes[at]);
      if (length == 0) {
        at = (at / block_size_ + 1) * block_size_;
        continue;
      }
      const auto record = parse_iso_record(bytes.subspan(at));
      if (!record) return wrong(folder, fmt::format("has {} at byte {}", record.error().text, at));
      if (auto taken = take(folder.folder, *record); !taken) return taken;
      at += length;
    }
    return {};
  }

  Expected<void> take(Builder::Folder folder, const IsoRecord& record) {
    if (record.is_self() || record.is_parent()) return {};
    if (record.flags & IsoRecord::flag_associated) return {};
    auto extra = read_extra(record);
    if (!extra) {
      return fail(
          fmt::format("{} {}", builder_.path_of(folder, plain_name(record)), extra.error().text));
    }
    if (extra->name.empty()) extra->name = plain_name(record);
    if (extra->is_moved || extra->is_special) return {};
    if (extra->moved_to) return take_moved(folder, *extra);
    if (extra->target) return builder_.add_link(folder, extra->name, *extra->target);
    const auto modified = extra->modified.value_or(record.modified);
    if (!record.is_folder()) return take_file(folder, record, extra->name, modified);
    return add_folder(folder, extra->name, modified, record.block, record.length);
  }

  Expected<void> add_folder(Builder::Folder parent, std::string_view name, std::time_t modified,
                            std::uint64_t block, std::uint32_t length) {
    const auto made = builder_.add_folder(parent, name, modified);
    if (!made) return std::unexpected(made.error());
    waiting_.push_back({*made, block, length});
    return {};
  }

  Expected<RockRidge> read_extra(const IsoRecord& record) {
    const auto field = record.system_use;
    if (!extensions_.rock_ridge || field.size() <= *extensions_.rock_ridge) return RockRidge{};
    return parse_rock_ridge(image_, field.subspan(*extensions_.rock_ridge), block_size_);
  }

  /// ISO 9660 allows eight folders in each other; Rock Ridge moves deeper ones to elsewhere.
  Expected<void> take_moved(Builder::Folder folder, const RockRidge& extra) {
    RecordBuffer buffer;
    const std::uint64_t block = *extra.moved_to;
    const auto record = read_own_record(image_, block * block_size_, buffer);
    if (!record) {
      return fail(fmt::format("{} is moved to block {}, which {}",
                              builder_.path_of(folder, extra.name), block, record.error().text));
    }
    return add_folder(folder, extra.name, extra.modified.value_or(record->modified), block,
                      record->length);
  }

  Expected<void> take_file(Builder::Folder folder, const IsoRecord& record, std::string_view name,
                           std::time_t modified) {
    if (record.interleaved) {
      return fail(fmt::format("{} is interleaved with other files, which is not supported",
                              builder_.path_of(folder, name)));
    }
    const auto raw_name = wire::as_text(record.name);
    if (!file_.raw_name.empty() && file_.raw_name != raw_name) {
      if (auto finished = finish_file(folder); !finished) return finished;
    }
    if (file_.raw_name.empty()) {
      file_ = {std::string(raw_name), std::string(name), modified, {}};
    }
    file_.extents.push_back({record.block * block_size_, record.length});
    return record.flags & IsoRecord::flag_continued ? Expected<void>{} : finish_file(folder);
  }

  Expected<void> finish_file(Builder::Folder folder) {
    const auto file = std::exchange(file_, {});
    if (file.raw_name.empty()) return {};
    return builder_.add_file(folder, file.name, file.modified, file.extents);
  }

  std::string plain_name(const IsoRecord& record) const {
    return extensions_.joliet ? joliet_name(record.name)
                              : plain_iso_name(wire::as_text(record.name));
  }

  Metadata& image_;
  std::uint32_t block_size_;
  IsoExtensions extensions_;
  Builder& builder_;
  /// Folders to read, and those that were read.
  std::vector<Waiting> waiting_;
  std::unordered_set<std::uint64_t> seen_;
  /// Of which more parts may follow; without a name: none.
  File file_;
};

}  // namespace

Expected<IsoExtensions> find_extensions(Metadata& image, const IsoVolume& volume) {
  RecordBuffer buffer;
  const auto root = read_own_record(image, volume.root_block * volume.block_size, buffer);
  // Reading it will say what is wrong, if it must be read.
  if (!root) return IsoExtensions{};
  const auto skip = find_rock_ridge(image, root->system_use, volume.block_size);
  if (!skip) return fail("the root folder " + skip.error().text);
  return IsoExtensions{.joliet = false, .rock_ridge = *skip};
}

Expected<void> read_iso9660(Metadata& image, const IsoVolume& volume,
                            const IsoExtensions& extensions, Builder& builder) {
  return IsoReader(image, volume, extensions, builder).read_all();
}

}  // namespace pixie::images
