// What is in an image: its folders and files, and where in the image each file's bytes lie. Made once by reading the
// file system's metadata (read_index), immutable from then on, shared by all loops.
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
    /// Of a file, in bytes.
    std::uint64_t size = 0;
    std::time_t modified = 0;
    /// Of a file; no extent lies outside the image.
    std::span<const Extent> extents;
  };

  /// The volume identifier, without the blanks at its end.
  std::string_view volume_id() const;
  /// For people: `ISO 9660, Rock Ridge`, `UDF 1.02`.
  std::string_view format() const;
  std::size_t files() const;
  /// The El Torito boot images, in the order of the catalogue.
  struct BootImage {
    /// 0x00: BIOS, 0xef: UEFI (El Torito, UEFI 13.3.2.1).
    std::uint8_t platform = 0;
    Extent extent;
  };
  std::span<const BootImage> boot_images() const;

  /// `path` without a slash at either end; empty: the root. Symbolic links of the image are followed when it is read, so
  /// a link is found as what it leads to. Names are compared as written; where nothing is found, without regard to the
  /// case of ASCII letters.
  std::optional<Node> find(std::string_view path) const;
  /// What is in a folder, in the order of the names; empty if there is none of that path.
  std::vector<Node> entries(std::string_view folder) const;
};

}  // namespace pixie::images
