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
  const auto* range = file();
  return range ? range->length : memory()->size();
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
    const auto position = static_cast<off_t>(file()->offset + offset + done);
    const auto count =
        pread(file()->file.number(), wanted.data() + done, wanted.size() - done, position);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return -1;
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  return static_cast<std::ptrdiff_t>(done);
}

}  // namespace pixie::tree
