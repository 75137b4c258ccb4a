// A body: the bytes behind a path, wherever they come from. TFTP reads it by offset; HTTP sends it
// by `sendfile` or a gathered write. Nobody else knows where bytes come from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <ctime>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>

#include "images/index.h"
#include "tree/descriptor.h"
#include "wire/mac.h"

namespace pixie::tree {

/// Bytes `offset` to `offset + length` of an open file.
struct FileRange {
  Descriptor file;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

/// The extents of a file within an image, one behind the other; those that are zeros lie nowhere.
struct FileExtents {
  Descriptor file;
  std::span<const images::Extent> extents;
  std::uint64_t length = 0;
  /// What the extents live in.
  std::shared_ptr<const images::Index> index;
};

/// Bytes inside the executable: they live for ever.
using Embedded = std::span<const std::byte>;

/// Belongs to one loop.
class Body {
 public:
  enum class Kind : std::uint8_t {
    file,
    rom,
    chain,
    /// Rendered for the machine that asked.
    script,
    /// A template, rendered for a machine.
    text,
    /// The message for a machine that has no script of its own.
    no_script,
  };

  Body(Kind kind, Embedded bytes) : kind(kind), source_(bytes) {}
  Body(Kind kind, std::string text) : kind(kind), source_(std::move(text)) {}
  Body(Kind kind, FileRange range) : kind(kind), source_(std::move(range)) {}
  Body(Kind kind, FileExtents extents) : kind(kind), source_(std::move(extents)) {}

  Kind kind;
  /// Quoted and strong (RFC 9110 section 8.8.3).
  std::string etag;
  std::optional<std::time_t> modified;
  /// The name that the content type follows from: for a ROM its real one, whatever alias was asked
  /// for.
  std::string name;
  /// The machine that the path names, for a machine's own script.
  std::optional<wire::Mac> machine;

  std::uint64_t size() const;
  /// The file, if the bytes are in one; -1 if not.
  int file() const;
  /// Where in the file the bytes from `offset` on are, as far as they follow each other: at least one, if `offset` is
  /// less than the size.
  images::Extent run_at(std::uint64_t offset) const;
  /// All the bytes, if they are in memory; they live as long as the body stays where it is.
  std::optional<std::span<const std::byte>> memory() const;

  /// Copies the bytes at `offset` into `out`. Returns how many there were: fewer than asked for at
  /// the end, or where a file was truncated since; -1 with errno set when the file can't be read.
  std::ptrdiff_t read(std::uint64_t offset, std::span<std::byte> out) const;

 private:
  std::variant<Embedded, std::string, FileRange, FileExtents> source_;
  /// The extent that was read last, and where in the body it begins: a body is read from its front to its end.
  mutable std::size_t extent_ = 0;
  mutable std::uint64_t extent_begin_ = 0;
};

}  // namespace pixie::tree
