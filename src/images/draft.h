// Folders, files and links in the order in which a reader found them: what an index is made of.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "images/index.h"

namespace pixie::images {

struct Draft {
  enum class Kind : std::uint8_t { folder, file, link };

  std::int64_t modified = 0;
  std::uint64_t size = 0;
  /// The number of a folder; the root, number 0, is its own parent.
  std::uint32_t parent = 0;
  /// Where the name begins in the texts.
  std::uint32_t name = 0;
  /// A file: its first extent. A link: where its target begins in the texts.
  std::uint32_t first = 0;
  /// Of a file's extents; of the bytes of a link's target.
  std::uint32_t count = 0;
  std::uint16_t name_length = 0;
  /// Folders above.
  std::uint16_t depth = 0;
  Kind kind = Kind::folder;
};

struct Drafts {
  std::string texts;
  std::vector<Extent> extents;
  std::vector<Draft> nodes;

  std::string_view name_of(const Draft& node) const {
    return std::string_view(texts).substr(node.name, node.name_length);
  }
  std::string_view target_of(const Draft& link) const {
    return std::string_view(texts).substr(link.first, link.count);
  }
};

/// The numbers of each folder's entries, in the order of their names. Of entries with one name there is the first.
class Children {
 public:
  explicit Children(const Drafts& drafts);

  std::span<const std::uint32_t> of(std::uint32_t folder) const { return ranges_[folder]; }

 private:
  std::vector<std::uint32_t> numbers_;
  /// Of each node; empty where it is no folder.
  std::vector<std::span<const std::uint32_t>> ranges_;
};

}  // namespace pixie::images
