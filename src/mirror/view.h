// What the mirror shows of itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "mirror/folder.h"

namespace pixie::mirror {

struct View {
  /// Answers since the start: from a copy or a fetch that was under way; that began a fetch; from a copy that may have
  /// been outdated (also a hit).
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;
  std::uint64_t stale = 0;
  std::uint64_t fetched_bytes = 0;
  std::size_t fetching = 0;
  std::size_t files = 0;
  std::uint64_t bytes = 0;
  std::uint64_t limit_bytes = 0;
  /// The last used first; not necessarily all.
  std::vector<Folder::Described> entries;
};

}  // namespace pixie::mirror
