#include "images/image.h"

#include <algorithm>
#include <array>
#include <utility>

namespace pixie::images {
namespace {

constexpr std::array<std::string_view, 5> kinds{"iso", "img", "efi", "wim", "folder"};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

std::string_view kind_name(ImageKind kind) { return kinds[static_cast<std::size_t>(kind)]; }

std::optional<ImageKind> kind_of_file(std::string_view name) {
  const auto dot = name.rfind('.');
  if (dot == std::string_view::npos || dot == 0) return std::nullopt;
  for (const auto kind : {ImageKind::iso, ImageKind::disk, ImageKind::efi, ImageKind::wim}) {
    if (std::ranges::equal(name.substr(dot + 1), kind_name(kind), {}, lower)) return kind;
  }
  return std::nullopt;
}

Stamp Stamp::of(const struct stat& status) {
  constexpr std::int64_t nanoseconds = 1'000'000'000;
  return {.inode = status.st_ino,
          .size = S_ISDIR(status.st_mode) ? 0 : static_cast<std::uint64_t>(status.st_size),
          .modified_ns = status.st_mtim.tv_sec * nanoseconds + status.st_mtim.tv_nsec};
}

std::optional<Images::Place> Images::find(std::string_view path) const {
  // Names exclude each other: none leads into another.
  for (std::size_t end = 0; end != std::string_view::npos && !path.empty();) {
    end = path.find('/', end + 1);
    const auto found = all.find(path.substr(0, end));
    if (found == all.end()) continue;
    const auto rest = end == std::string_view::npos ? std::string_view() : path.substr(end + 1);
    return Place{found->second, rest};
  }
  return std::nullopt;
}

}  // namespace pixie::images
