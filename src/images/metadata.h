// Reads an image's metadata: keeps within its end and within the limit of what is read of one image (limits.h), and
// turns many small reads in a row into few large ones.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "images/source.h"
#include "wire/error.h"

namespace pixie::images {

/// `source` must outlive it.
class Metadata {
 public:
  explicit Metadata(const Source& source);

  /// Of the image, in bytes.
  std::uint64_t size() const { return size_; }
  bool holds(std::uint64_t offset, std::uint64_t length) const {
    return offset <= size_ && length <= size_ - offset;
  }

  /// Fills `out` with the bytes at `offset`. The error is the rest of a sentence that begins with what was to be read.
  Expected<void> read(std::uint64_t offset, std::span<std::byte> out);
  Expected<std::vector<std::byte>> read(std::uint64_t offset, std::size_t length);

 private:
  Expected<void> fetch(std::uint64_t offset, std::span<std::byte> out);
  Expected<void> move_window(std::uint64_t offset, std::size_t length);

  const Source& source_;
  std::uint64_t size_;
  std::uint64_t limit_;
  /// Bytes that were asked for, and those that were read from the source.
  std::uint64_t served_ = 0;
  std::uint64_t fetched_ = 0;
  /// The bytes at `window_start_`, read together.
  std::vector<std::byte> window_;
  std::uint64_t window_start_ = 0;
  std::size_t ahead_ = 0;
};

}  // namespace pixie::images
