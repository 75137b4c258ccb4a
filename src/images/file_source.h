// Images from files, and from memory.
#pragma once

#include <cstdint>

#include "images/source.h"
#include "wire/cursor.h"
#include "wire/error.h"

namespace pixie::images {

/// Reads a file by pread. `file` remains the caller's, and open as long as the source is used.
class FileSource : public Source {
 public:
  /// Fails for what has no size: a pipe, a folder. A block device has one.
  static Expected<FileSource> open(int file);

  std::uint64_t size() const override { return size_; }
  bool read(std::uint64_t offset, std::span<std::byte> out) const override;

 private:
  FileSource(int file, std::uint64_t size) : file_(file), size_(size) {}

  int file_;
  std::uint64_t size_;
};

/// `bytes` must outlive it.
class MemorySource : public Source {
 public:
  explicit MemorySource(wire::Bytes bytes) : bytes_(bytes) {}

  std::uint64_t size() const override { return bytes_.size(); }
  bool read(std::uint64_t offset, std::span<std::byte> out) const override;

 private:
  wire::Bytes bytes_;
};

}  // namespace pixie::images
