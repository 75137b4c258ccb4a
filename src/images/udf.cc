#include "images/udf.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "images/limits.h"
#include "images/text.h"
#include "images/udf_file.h"
#include "images/udf_maps.h"
#include "images/udf_tag.h"

namespace pixie::images {
namespace {

struct Identifier {
  static constexpr std::uint8_t deleted = 0x04, parent = 0x08;

  std::uint8_t characteristics = 0;
  UdfPlace place;
  std::string name;
  /// Of the whole structure.
  std::size_t length = 0;
};

/// The file identifier descriptor that `bytes` begin with.
Expected<Identifier> parse_identifier(wire::Bytes bytes) {
  wire::Reader reader(bytes);
  reader.bytes(udf_tag_size);
  reader.u16();
  Identifier result;
  result.characteristics = reader.u8();
  const std::size_t name_length = reader.u8();
  result.place = read_long_ad(reader);
  reader.bytes(reader.le16());
  result.name = utf8_from_osta(reader.bytes(name_length));
  if (!reader.ok()) return fail("is too short");
  const auto used = bytes.size() - reader.remaining();
  result.length = (used + 3) / 4 * 4;
  // Of this one alone: else each of a million could have a sum over all that follow.
  const auto tag = check_tag(bytes.first(std::min(result.length, bytes.size())));
  if (!tag) return std::unexpected(tag.error());
  if (*tag != UdfTag::file_identifier) return fail("is no file identifier");
  return result;
}

std::optional<std::string> parse_link(wire::Bytes content) {
  enum class Component : std::uint8_t { other_root = 1, root = 2, parent = 3, self = 4, name = 5 };
  std::string target;
  wire::Reader reader(content);
  while (!reader.at_end()) {
    const auto type = static_cast<Component>(reader.u8());
    const std::size_t length = reader.u8();
    reader.u16();
    const auto name = utf8_from_osta(reader.bytes(length));
    if (!reader.ok()) return std::nullopt;
    if (type == Component::root || type == Component::other_root) {
      target = "/";
      continue;
    }
    if (!target.empty() && !target.ends_with('/')) target += '/';
    target += type == Component::parent ? ".." : type == Component::self ? "." : name;
  }
  return target;
}

class UdfReader {
 public:
  UdfReader(Metadata& image, const UdfVolume& volume, UdfPartitions partitions, Builder& builder)
      : image_(image), volume_(volume), partitions_(std::move(partitions)), builder_(builder) {}

  Expected<void> read_all() {
    if (auto found = find_root(); !found) return found;
    for (std::size_t i = 0; i < waiting_.size(); ++i) {
      const auto [folder, place] = waiting_[i];
      if (auto read = read_folder(folder, place); !read) return read;
    }
    return {};
  }

 private:
  struct Waiting {
    Builder::Folder folder;
    /// Of its file entry, which is read again: what is told of thousands of folders may be large.
    UdfPlace place;
  };

  /// The file set descriptor (4/14.1) tells where the root is.
  Expected<void> find_root() {
    constexpr std::size_t root_offset = 400;
    auto place = volume_.file_set;
    place.length = volume_.block_size;
    const auto bytes = read_place(image_, partitions_, place);
    if (!bytes) return fail("UDF's file set " + bytes.error().text);
    const auto tag = check_tag(*bytes);
    if (!tag) return fail("UDF's file set " + tag.error().text);
    if (*tag != UdfTag::file_set) return fail("UDF's file set is something else");
    wire::Reader reader(wire::Bytes(*bytes).subspan(root_offset));
    const auto root = read_long_ad(reader);
    const auto file = read_udf_file(image_, partitions_, root);
    if (!file) return fail("UDF's root folder " + file.error().text);
    if (file->type != UdfFile::Type::folder) return fail("UDF's root folder is a file");
    builder_.set_root_time(file->modified);
    seen_.insert(key(root));
    waiting_.push_back({Builder::root, root});
    return {};
  }

  static std::uint64_t key(const UdfPlace& place) {
    return std::uint64_t{place.partition} << 32 | place.block;
  }

  Expected<void> read_folder(Builder::Folder folder, const UdfPlace& place) {
    const auto wrong = [&](std::string_view what) {
      return fail(fmt::format("{} {}", builder_.describe(folder), what));
    };
    const auto file = read_udf_file(image_, partitions_, place);
    if (!file) return wrong(file.error().text);
    const auto bytes = read_content(image_, *file, limits::folder);
    if (!bytes) return wrong(bytes.error().text);
    for (wire::Bytes rest = *bytes; !rest.empty();) {
      const auto entry = parse_identifier(rest);
      if (!entry) {
        return wrong(
            fmt::format("has at byte {} what {}", bytes->size() - rest.size(), entry.error().text));
      }
      if (auto taken = take(folder, *entry); !taken) return taken;
      rest = rest.subspan(std::min(entry->length, rest.size()));
    }
    return {};
  }

  Expected<void> take(Builder::Folder folder, const Identifier& entry) {
    if (entry.characteristics & (Identifier::deleted | Identifier::parent)) return {};
    const auto wrong = [&](std::string_view what) {
      return fail(fmt::format("{} {}", builder_.path_of(folder, entry.name), what));
    };
    const auto file = read_udf_file(image_, partitions_, entry.place);
    if (!file) return wrong(file.error().text);
    switch (file->type) {
      case UdfFile::Type::folder: {
        if (!seen_.insert(key(entry.place)).second) {
          return wrong("is another folder, too: folders in a circle");
        }
        const auto made = builder_.add_folder(folder, entry.name, file->modified);
        if (!made) return std::unexpected(made.error());
        waiting_.push_back({*made, entry.place});
        return {};
      }
      case UdfFile::Type::link: {
        const auto content = read_content(image_, *file, limits::link_target);
        if (!content) return wrong(content.error().text);
        const auto target = parse_link(*content);
        if (!target) return wrong("is a damaged link");
        return builder_.add_link(folder, entry.name, *target);
      }
      case UdfFile::Type::unspecified:
      case UdfFile::Type::bytes:
      case UdfFile::Type::real_time:
        return builder_.add_file(folder, entry.name, file->modified, file->extents);
      default:
        return {};  // a device, a pipe, a socket
    }
  }

  Metadata& image_;
  const UdfVolume& volume_;
  UdfPartitions partitions_;
  Builder& builder_;
  /// Folders to read, and those that were found.
  std::vector<Waiting> waiting_;
  std::unordered_set<std::uint64_t> seen_;
};

}  // namespace

Expected<void> read_udf(Metadata& image, const UdfVolume& volume, Builder& builder) {
  auto partitions = make_partitions(image, volume);
  if (!partitions) return std::unexpected(partitions.error());
  return UdfReader(image, volume, std::move(*partitions), builder).read_all();
}

}  // namespace pixie::images
