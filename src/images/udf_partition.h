// A partition of UDF: where in the image its blocks lie. All four kinds (UDF 2.2.8 to 2.2.10) are the same list of
// pieces: a plain one is one piece, a sparable one has some packets elsewhere, the blocks of a virtual one are where its
// table says, those of a metadata partition are a file's.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "images/index.h"
#include "wire/error.h"

namespace pixie::images {

/// A place in a partition: lb_addr, and the length of what is there.
struct UdfPlace {
  std::uint32_t block = 0;
  std::uint16_t partition = 0;
  /// In bytes.
  std::uint32_t length = 0;
};

class UdfPartition {
 public:
  /// One that has nothing.
  UdfPartition() = default;
  explicit UdfPartition(std::vector<Extent> pieces);

  /// Appends where in the image `length` bytes at `offset` lie. The error is the end of a sentence.
  Expected<void> map(std::uint64_t offset, std::uint64_t length, std::vector<Extent>& out) const;

 private:
  std::vector<Extent> pieces_;
  /// Where each piece ends in the partition.
  std::vector<std::uint64_t> ends_;
};

class UdfPartitions {
 public:
  UdfPartitions(std::uint32_t block_size, std::size_t count)
      : block_size_(block_size), partitions_(count) {}

  std::uint32_t block_size() const { return block_size_; }
  void set(std::size_t number, UdfPartition partition) {
    partitions_[number] = std::move(partition);
  }

  /// As UdfPartition::map().
  Expected<void> map(const UdfPlace& place, std::vector<Extent>& out) const;

 private:
  std::uint32_t block_size_;
  std::vector<UdfPartition> partitions_;
  /// By all of map(), which a hostile image could make endless.
  mutable std::uint64_t mapped_ = 0;
};

}  // namespace pixie::images
