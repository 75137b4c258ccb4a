#include "images/upload.h"

#include <fmt/format.h>

#include "images/image.h"

namespace pixie::images {
namespace {

/// NAME_MAX is 255; a file on its way has a longer name (library/partial.h).
constexpr std::size_t longest_part = 200;

}  // namespace

Expected<void> check_file(std::string_view file) {
  for (std::string_view rest = file;;) {
    const auto part = rest.substr(0, rest.find('/'));
    if (part.empty() || part.starts_with('.') || part.size() > longest_part) {
      return fail(
          fmt::format("'{}' can't be the name of an image: a part of it is empty, too long, or "
                      "begins with a dot.",
                      file));
    }
    if (part.size() == rest.size()) break;
    rest.remove_prefix(part.size() + 1);
  }
  if (!kind_of_file(file)) {
    return fail(
        fmt::format("'{}' is no name of an image: it must end in .iso, .img, .efi or .wim.", file));
  }
  return {};
}

}  // namespace pixie::images
