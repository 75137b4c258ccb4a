#include "images/iso9660.h"

#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "images/iso_record.h"
#include "images/limits.h"
#include "images/text.h"

namespace pixie::images {
namespace {

class IsoReader {
 public:
  IsoReader(Metadata& image, const IsoVolume& volume, IsoNames names, Builder& builder)
      : image_(image), block_size_(volume.block_size), names_(names), builder_(builder) {
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
    if (folder.length > limits::folder)
      return wrong(folder,
                   fmt::format("has {} bytes of records, more than any real one", folder.length));
    if (!seen_.insert(folder.block).second)
      return wrong(folder, "is another folder, too: folders in a loop");
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
    if (!record.is_folder()) return take_file(folder, record);
    const auto made = builder_.add_folder(folder, name_of(record), record.modified);
    if (!made) return std::unexpected(made.error());
    waiting_.push_back({*made, record.block, record.length});
    return {};
  }

  Expected<void> take_file(Builder::Folder folder, const IsoRecord& record) {
    if (record.interleaved) {
      return fail(fmt::format("{} is interleaved with other files, which is not supported",
                              builder_.path_of(folder, name_of(record))));
    }
    const auto raw_name = wire::as_text(record.name);
    if (!file_.raw_name.empty() && file_.raw_name != raw_name) {
      if (auto finished = finish_file(folder); !finished) return finished;
    }
    if (file_.raw_name.empty()) {
      file_ = {std::string(raw_name), name_of(record), record.modified, {}};
    }
    file_.extents.push_back({record.block * block_size_, record.length});
    return record.flags & IsoRecord::flag_continued ? Expected<void>{} : finish_file(folder);
  }

  Expected<void> finish_file(Builder::Folder folder) {
    const auto file = std::exchange(file_, {});
    if (file.raw_name.empty()) return {};
    return builder_.add_file(folder, file.name, file.modified, file.extents);
  }

  std::string name_of(const IsoRecord& record) const {
    return names_ == IsoNames::joliet ? joliet_name(record.name)
                                      : plain_iso_name(wire::as_text(record.name));
  }

  Metadata& image_;
  std::uint32_t block_size_;
  IsoNames names_;
  Builder& builder_;
  /// Folders to read, and those that were read.
  std::vector<Waiting> waiting_;
  std::unordered_set<std::uint64_t> seen_;
  /// Of which more parts may follow; without a name: none.
  File file_;
};

}  // namespace

Expected<void> read_iso9660(Metadata& image, const IsoVolume& volume, IsoNames names,
                            Builder& builder) {
  return IsoReader(image, volume, names, builder).read_all();
}

}  // namespace pixie::images
