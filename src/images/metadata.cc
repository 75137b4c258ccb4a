#include "images/metadata.h"

#include <algorithm>

#include <fmt/format.h>

#include "images/limits.h"

namespace pixie::images {
namespace {

/// What is read at once: little where reads are scattered, more and more where they follow each other.
/// A longer gap than the shortest window is a file's data, which nobody wants.
constexpr std::size_t shortest_window = 4 << 10;
constexpr std::size_t longest_window = 256 << 10;

/// In bytes, so that there is a limit to the number of small reads.
constexpr std::size_t cost_of_a_read = 512;

std::unexpected<Error> too_much(std::uint64_t limit) {
  return fail(fmt::format(
      "comes after {} bytes of metadata, more than any real image of that size has", limit));
}

std::unexpected<Error> beyond_the_end(std::uint64_t offset, std::uint64_t size) {
  return fail(fmt::format("lies at byte {}, beyond the image's end at {} (is the file complete?)",
                          offset, size));
}

}  // namespace

Metadata::Metadata(const Source& source)
    : source_(source), size_(source.size()), limit_(limits::metadata) {
  if (size_ < limit_) limit_ = std::min(limit_, size_ * limits::metadata_factor + (1 << 20));
}

Expected<void> Metadata::read(std::uint64_t offset, std::span<std::byte> out) {
  if (!holds(offset, out.size())) return beyond_the_end(offset, size_);
  served_ += std::max(out.size(), cost_of_a_read);
  if (served_ > limit_) return too_much(limit_);
  if (out.size() >= longest_window) return fetch(offset, out);
  const bool inside = offset >= window_start_ && offset - window_start_ <= window_.size() &&
                      out.size() <= window_.size() - (offset - window_start_);
  if (!inside) {
    if (auto moved = move_window(offset, out.size()); !moved) return moved;
  }
  std::copy_n(window_.begin() + static_cast<std::ptrdiff_t>(offset - window_start_), out.size(),
              out.begin());
  return {};
}

Expected<std::vector<std::byte>> Metadata::read(std::uint64_t offset, std::size_t length) {
  if (!holds(offset, length)) return beyond_the_end(offset, size_);
  std::vector<std::byte> bytes(length);
  if (const auto done = read(offset, bytes); !done) return std::unexpected(done.error());
  return bytes;
}

Expected<void> Metadata::fetch(std::uint64_t offset, std::span<std::byte> out) {
  fetched_ += out.size();
  if (fetched_ > limit_) return too_much(limit_);
  if (!source_.read(offset, out)) {
    return fail(
        fmt::format("can't be read at byte {} (a damaged disk, or the file was changed?)", offset));
  }
  return {};
}

Expected<void> Metadata::move_window(std::uint64_t offset, std::size_t length) {
  const auto end = window_start_ + window_.size();
  const bool follows = offset >= window_start_ && offset <= end + shortest_window;
  ahead_ = follows ? std::min(2 * ahead_, longest_window) : shortest_window;
  ahead_ = std::max(ahead_, shortest_window);
  const auto wanted = std::min<std::uint64_t>(std::max(ahead_, length), size_ - offset);
  window_.clear();
  window_.resize(wanted);
  window_start_ = offset;
  auto fetched = fetch(offset, window_);
  if (!fetched) window_.clear();
  return fetched;
}

}  // namespace pixie::images
