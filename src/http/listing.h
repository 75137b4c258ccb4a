// What is in a folder: the page that a browser gets, and the JSON for programs.
#pragma once

#include <cstdint>
#include <ctime>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace pixie::http {

struct Entry {
  /// One component of a path; any bytes.
  std::string name;
  bool directory = false;
  /// In bytes, if it is known; not shown for a directory.
  std::optional<std::uint64_t> size;
  std::time_t modified = 0;
};

/// A small HTML page without scripts (text/html; charset=utf-8): folders first, then files, each by
/// name. `path` is the folder's as in Target::path, empty for the top, which has no link to a
/// parent. The links are relative, so the page must be served under a URL with a slash at its end.
/// Names that no request target can express (they hold a control character or a backslash) are left
/// out. Bytes that are no UTF-8 show as U+FFFD; their link is exact.
std::string render_listing(std::string_view path, std::span<const Entry> entries);

/// The same as an array of objects, in the shape of nginx's autoindex_format json: `name`, `type` (`directory`, `file`),
/// `mtime` (as an HTTP date), and of a file `size`, if it is known. Bytes that are no UTF-8 are U+FFFD.
std::string listing_as_json(std::span<const Entry> entries);

}  // namespace pixie::http
