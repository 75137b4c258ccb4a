// What is in an image: its folders and files, and where in the image each file's bytes lie. Made once by reading the
// file system's metadata (read_index.h), immutable from then on, shared by all loops.
#pragma once

#include <cstdint>
#include <ctime>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pixie::images {

/// Bytes `offset` to `offset + length` of the image; a file's extents follow each other.
struct Extent {
  /// For parts that the image does not hold, which read as zeros (UDF, ECMA-167 4/14.14.1.1).
  static constexpr std::uint64_t zeros = ~std::uint64_t{0};

  std::uint64_t offset = 0;
  std::uint64_t length = 0;

  bool operator==(const Extent&) const = default;
};

class Index {
 public:
  enum class Kind : std::uint8_t { folder, file };
  struct Node {
    std::string_view name;
    Kind kind = Kind::file;
    /// A symbolic link; all but the name is of what it leads to. A folder's may lead to a folder above (`debian -> .`):
    /// who walks through all folders does not go in here.
    bool link = false;
    /// Of a file, in bytes: the sum of its extents.
    std::uint64_t size = 0;
    std::time_t modified = 0;
    /// Of a file; none is empty, none lies outside the image.
    std::span<const Extent> extents;
  };

  /// Of the image, in bytes.
  std::uint64_t image_size() const { return storage_.image_size; }
  /// The volume identifier, without the blanks at its end.
  std::string_view volume_id() const { return storage_.volume_id; }
  /// For people: `ISO 9660, Rock Ridge`, `UDF 1.02`.
  std::string_view format() const { return storage_.format; }
  /// How many; links don't count.
  std::size_t files() const { return storage_.files; }
  /// The El Torito boot images, in the order of the catalogue.
  struct BootImage {
    /// 0x00: BIOS, 0xef: UEFI (El Torito, UEFI 13.3.2.1).
    std::uint8_t platform = 0;
    Extent extent = {};

    bool operator==(const BootImage&) const = default;
  };
  std::span<const BootImage> boot_images() const { return storage_.boot_images; }

  /// `path` without a slash at either end; empty: the root. Symbolic links of the image are followed when it is read, so
  /// a link is found as what it leads to. Each part of the path is compared as written; where nothing is found, without
  /// regard to the case of ASCII letters.
  std::optional<Node> find(std::string_view path) const;
  /// What is in a folder, in the order of the names; empty if there is none of that path.
  std::vector<Node> entries(std::string_view folder) const;

  /// How it is kept, for those who make an index (builder.h, index_file.h): 32 bytes for each folder, file and link,
  /// its name, 4 bytes of the second order, 16 bytes for each extent.
  struct Storage {
    struct Entry {
      std::int64_t modified = 0;
      std::uint64_t size = 0;
      /// Where the name begins in `names`.
      std::uint32_t name = 0;
      /// A folder: its first entry. A file: its first extent. A link: the entry that it leads to, which is no link.
      std::uint32_t first = 0;
      /// Of entries, or of extents.
      std::uint32_t count = 0;
      std::uint16_t name_length = 0;
      Kind kind = Kind::file;
      bool link = false;
    };

    std::uint64_t image_size = 0;
    std::string volume_id;
    std::string format;
    std::size_t files = 0;
    std::vector<BootImage> boot_images;
    std::string names;
    std::vector<Extent> extents;
    /// The root, then the folders' entries, folder after folder in the order of the folders; in each by their names.
    std::vector<Entry> entries;
    /// For each folder's range of entries, the same numbers ordered by the names with ASCII letters in lower case.
    std::vector<std::uint32_t> folded;

    std::string_view name_of(const Entry& entry) const {
      return std::string_view(names).substr(entry.name, entry.name_length);
    }
  };

  /// `storage.folded` is made here. There is at least the root, a folder.
  explicit Index(Storage storage);
  const Storage& storage() const { return storage_; }

 private:
  const Storage::Entry* entry_of(std::string_view path) const;
  const Storage::Entry* child(const Storage::Entry& folder, std::string_view name) const;
  Node node(const Storage::Entry& entry) const;

  Storage storage_;
};

}  // namespace pixie::images
