#include "images/udf_partition.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "images/limits.h"

namespace pixie::images {

UdfPartition::UdfPartition(std::vector<Extent> pieces) : pieces_(std::move(pieces)) {
  std::uint64_t end = 0;
  for (const auto& piece : pieces_) ends_.push_back(end += piece.length);
}

Expected<void> UdfPartition::map(std::uint64_t offset, std::uint64_t length,
                                 std::vector<Extent>& out) const {
  const auto size = ends_.empty() ? 0 : ends_.back();
  if (offset > size || length > size - offset) {
    return fail(fmt::format("lies at byte {} of a partition of {} bytes", offset, size));
  }
  auto i = static_cast<std::size_t>(std::ranges::upper_bound(ends_, offset) - ends_.begin());
  for (; length > 0; ++i) {
    const auto& piece = pieces_[i];
    const auto skip = offset - (ends_[i] - piece.length);
    const auto taken = std::min(length, piece.length - skip);
    if (taken == 0) continue;
    const bool is_zeros = piece.offset == Extent::zeros;
    out.push_back({is_zeros ? Extent::zeros : piece.offset + skip, taken});
    offset += taken;
    length -= taken;
  }
  return {};
}

Expected<void> UdfPartitions::map(const UdfPlace& place, std::vector<Extent>& out) const {
  if (place.partition >= partitions_.size()) {
    return fail(fmt::format("lies in partition {} of {}", place.partition, partitions_.size()));
  }
  const auto before = out.size();
  auto mapped =
      partitions_[place.partition].map(std::uint64_t{place.block} * block_size_, place.length, out);
  mapped_ += out.size() - before;
  if (mapped_ > limits::mapped_pieces)
    return fail("is in more pieces than those of any real image");
  return mapped;
}

}  // namespace pixie::images
