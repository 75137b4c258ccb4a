// The web page's files, which are in the executable (cmake/Page.cmake).
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace pixie::page {

/// Everything lives as long as the program.
struct Asset {
  /// `index.html`, `assets/app-HASH.js`, …
  std::string_view path;
  std::string_view content_type;
  std::span<const std::byte> plain;
  /// The same bytes for `Content-Encoding: gzip`.
  std::span<const std::byte> gzip;
  /// Of the plain bytes, with its quotes (RFC 9110 section 8.8.3); the compressed form is another representation and
  /// wants another tag (section 8.8.3.3).
  std::string_view etag;
  /// The content's hash is in the path: what was fetched once may be kept for ever.
  bool immutable = false;
};

/// All of them; the first is `index.html`.
std::span<const Asset> assets();

/// The file of a path without a leading slash; the empty path is `index.html`. Null if there is none.
const Asset* find(std::string_view path);

/// What the page may do, for the `Content-Security-Policy` of its answers: nothing but its own files and the API.
inline constexpr std::string_view content_security_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

}  // namespace pixie::page
