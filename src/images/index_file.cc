#include "images/index_file.h"

#include <concepts>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <zlib.h>

namespace pixie::images {
namespace {

using Entry = Index::Storage::Entry;

constexpr std::string_view magic = "pixieidx";
constexpr std::uint32_t version = 1;
constexpr std::size_t boot_image_size = 17, extent_size = 16, entry_size = 24;

std::uint32_t checksum(std::string_view bytes) {
  return static_cast<std::uint32_t>(
      crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

template <std::integral T>
void put(std::string& out, T value) {
  auto rest = static_cast<std::make_unsigned_t<T>>(value);
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    out.push_back(static_cast<char>(rest & 0xff));
    rest = static_cast<decltype(rest)>(rest >> 4 >> 4);
  }
}

void put_count(std::string& out, std::size_t count) { put(out, static_cast<std::uint32_t>(count)); }

void put_text(std::string& out, std::string_view text) {
  put_count(out, text.size());
  out += text;
}

void put_extent(std::string& out, const Extent& extent) {
  put(out, extent.offset);
  put(out, extent.length);
}

void put_entry(std::string& out, const Entry& entry) {
  put(out, entry.modified);
  put(out, entry.name);
  put(out, entry.first);
  put(out, entry.count);
  put(out, entry.name_length);
  put(out, std::to_underlying(entry.kind));
  put(out, static_cast<std::uint8_t>(entry.link));
}

std::string text(wire::Reader& reader) {
  return std::string(wire::as_text(reader.bytes(reader.le32())));
}

Extent extent(wire::Reader& reader) {
  const auto offset = reader.le64();
  return {offset, reader.le64()};
}

Entry entry(wire::Reader& reader) {
  Entry result;
  result.modified = static_cast<std::int64_t>(reader.le64());
  result.name = reader.le32();
  result.first = reader.le32();
  result.count = reader.le32();
  result.name_length = reader.le16();
  result.kind = reader.u8() == 0 ? Index::Kind::folder : Index::Kind::file;
  result.link = reader.u8() != 0;
  return result;
}

/// As many as the number before them says, which is not believed beyond what is there.
template <class T>
std::vector<T> list(wire::Reader& reader, std::size_t size, T (*read)(wire::Reader&)) {
  const std::size_t count = reader.le32();
  if (count > reader.remaining() / size) {
    reader.bytes(reader.remaining() + 1);
    return {};
  }
  std::vector<T> result;
  result.reserve(count);
  for (std::size_t i = 0; i < count; ++i) result.push_back(read(reader));
  return result;
}

/// Checks what was read, and fills in what follows from it.
class Checker {
 public:
  explicit Checker(Index::Storage& storage) : storage_(storage) {}

  bool check() {
    auto& entries = storage_.entries;
    if (entries.empty() || entries[0].kind != Index::Kind::folder || entries[0].link) return false;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      // It is in a folder before it.
      if (i >= next_child_) return false;
      if (!check_name(entries[i], i == 0)) return false;
      const bool sound = entries[i].link                          ? check_link(entries[i])
                         : entries[i].kind == Index::Kind::folder ? check_folder(entries[i])
                                                                  : check_file(entries[i]);
      if (!sound) return false;
    }
    return next_child_ == entries.size() && check_order() && check_boot_images();
  }

 private:
  bool is_inside(const Extent& extent) const {
    const auto size = storage_.image_size;
    return extent.offset <= size && extent.length <= size - extent.offset;
  }

  bool check_name(const Entry& entry, bool is_root) const {
    if (entry.name > storage_.names.size() ||
        entry.name_length > storage_.names.size() - entry.name) {
      return false;
    }
    const auto name = storage_.name_of(entry);
    if (is_root) return name.empty();
    return !name.empty() && name != "." && name != ".." &&
           name.find_first_of(std::string_view("/\0", 2)) == name.npos;
  }

  bool check_link(const Entry& link) const {
    if (link.first >= storage_.entries.size()) return false;
    const auto& target = storage_.entries[link.first];
    return !target.link && target.kind == link.kind;
  }

  bool check_folder(const Entry& folder) {
    if (folder.first != next_child_ || folder.count > storage_.entries.size() - next_child_) {
      return false;
    }
    next_child_ += folder.count;
    return true;
  }

  bool check_file(Entry& file) {
    if (file.first > storage_.extents.size() || file.count > storage_.extents.size() - file.first) {
      return false;
    }
    ++storage_.files;
    constexpr std::uint64_t longest = std::numeric_limits<std::int64_t>::max();
    for (const auto& part : std::span(storage_.extents).subspan(file.first, file.count)) {
      if (part.length == 0 || part.length > longest - file.size) return false;
      if (part.offset != Extent::zeros && !is_inside(part)) return false;
      file.size += part.length;
    }
    return true;
  }

  bool check_order() const {
    for (const auto& folder : storage_.entries) {
      if (folder.kind != Index::Kind::folder || folder.link) continue;
      for (std::uint32_t i = 1; i < folder.count; ++i) {
        const auto* child = &storage_.entries[folder.first + i];
        if (storage_.name_of(child[-1]) >= storage_.name_of(child[0])) return false;
      }
    }
    return true;
  }

  bool check_boot_images() const {
    for (const auto& boot : storage_.boot_images) {
      if (!is_inside(boot.extent)) return false;
    }
    return true;
  }

  Index::Storage& storage_;
  /// Where the next folder's entries begin.
  std::size_t next_child_ = 1;
};

}  // namespace

std::string write_index(const Index& index) {
  const auto& storage = index.storage();
  std::string out;
  put(out, storage.image_size);
  put_text(out, storage.volume_id);
  put_text(out, storage.format);
  put_count(out, storage.boot_images.size());
  for (const auto& boot : storage.boot_images) {
    put(out, boot.platform);
    put_extent(out, boot.extent);
  }
  put_text(out, storage.names);
  put_count(out, storage.extents.size());
  for (const auto& part : storage.extents) put_extent(out, part);
  put_count(out, storage.entries.size());
  for (const auto& each : storage.entries) put_entry(out, each);

  std::string header(magic);
  put(header, version);
  put(header, checksum(out));
  return out.insert(0, header);
}

Expected<std::shared_ptr<const Index>> parse_index(wire::Bytes bytes) {
  wire::Reader reader(bytes);
  if (wire::as_text(reader.bytes(magic.size())) != magic)
    return fail("this is no index of an image");
  if (reader.le32() != version) return fail("the index is of another version of pixie");
  const auto sum = reader.le32();
  const auto content = reader.rest();
  if (!reader.ok() || checksum(wire::as_text(content)) != sum) return fail("the index is damaged");

  reader = wire::Reader(content);
  Index::Storage storage;
  storage.image_size = reader.le64();
  storage.volume_id = text(reader);
  storage.format = text(reader);
  storage.boot_images = list<Index::BootImage>(reader, boot_image_size, [](wire::Reader& from) {
    const auto platform = from.u8();
    return Index::BootImage{platform, extent(from)};
  });
  storage.names = text(reader);
  storage.extents = list<Extent>(reader, extent_size, extent);
  storage.entries = list<Entry>(reader, entry_size, entry);
  if (!reader.ok() || !reader.at_end() || !Checker(storage).check()) {
    return fail("the index is damaged");
  }
  return std::make_shared<const Index>(std::move(storage));
}

}  // namespace pixie::images
