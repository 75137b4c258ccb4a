#include "tree/body.h"

#include <algorithm>
#include <cerrno>

namespace pixie::tree {

std::optional<std::span<const std::byte>> Body::memory() const {
  if (const auto* embedded = std::get_if<Embedded>(&source_)) return *embedded;
  if (const auto* text = std::get_if<std::string>(&source_)) return std::as_bytes(std::span(*text));
  return std::nullopt;
}

std::uint64_t Body::size() const {
  if (const auto* range = std::get_if<FileRange>(&source_)) return range->length;
  if (const auto* extents = std::get_if<FileExtents>(&source_)) return extents->length;
  return memory()->size();
}

int Body::file() const {
  if (const auto* range = std::get_if<FileRange>(&source_)) return range->file.number();
  if (const auto* extents = std::get_if<FileExtents>(&source_)) return extents->file.number();
  return -1;
}

images::Extent Body::run_at(std::uint64_t offset) const {
  if (const auto* range = std::get_if<FileRange>(&source_))
    return {range->offset + offset, range->length - offset};
  const auto& extents = std::get<FileExtents>(source_).extents;
  if (offset < extent_begin_) extent_ = extent_begin_ = 0;
  while (offset - extent_begin_ >= extents[extent_].length)
    extent_begin_ += extents[extent_++].length;
  const auto& extent = extents[extent_];
  const auto within = offset - extent_begin_;
  const bool zeros = extent.offset == images::Extent::zeros;
  return {zeros ? extent.offset : extent.offset + within, extent.length - within};
}

std::ptrdiff_t Body::read(std::uint64_t offset, std::span<std::byte> out) const {
  if (offset >= size()) return 0;
  const auto wanted = out.first(std::min<std::uint64_t>(out.size(), size() - offset));
  if (const auto bytes = memory()) {
    std::ranges::copy(bytes->subspan(offset, wanted.size()), wanted.begin());
    return static_cast<std::ptrdiff_t>(wanted.size());
  }
  std::size_t done = 0;
  while (done < wanted.size()) {
    const auto run = run_at(offset + done);
    const auto part =
        wanted.subspan(done, std::min<std::uint64_t>(run.length, wanted.size() - done));
    if (run.offset == images::Extent::zeros) {
      std::ranges::fill(part, std::byte{0});
      done += part.size();
      continue;
    }
    const auto count = pread(file(), part.data(), part.size(), static_cast<off_t>(run.offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return -1;
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  return static_cast<std::ptrdiff_t>(done);
}

}  // namespace pixie::tree
