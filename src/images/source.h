// Where an image's bytes come from: a file, or a test's memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace pixie::images {

/// May be read by several threads at once.
class Source {
 public:
  virtual ~Source() = default;
  /// In bytes; it does not change.
  virtual std::uint64_t size() const = 0;
  /// Fills `out` with the bytes at `offset`. False: they are not all there, or can't be read.
  virtual bool read(std::uint64_t offset, std::span<std::byte> out) const = 0;
};

}  // namespace pixie::images
