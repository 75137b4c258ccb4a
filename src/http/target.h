// The request target: from the bytes of the request line to a path of the tree (RFC 9112
// section 3.2, RFC 3986).
//
//   request-target = origin-form / absolute-form      ("*" and CONNECT's authority-form are
//   refused) origin-form    = 1*( "/" segment ) [ "?" query ] absolute-form  = ( "http" / "https" )
//   "://" authority [ path ] [ "?" query ]
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "wire/error.h"

namespace pixie::http {

/// The longest target in bytes; the answer to a longer one is 414.
inline constexpr std::size_t max_target_size = 4096;

struct Target {
  /// Decoded and normalised, without a slash at either end: `ipxe/52-54-00-ab-cd-ef.ipxe`, or empty
  /// for the top. Any bytes but control characters and backslashes; not necessarily UTF-8. No
  /// segment is empty, `.` or `..`.
  std::string path;
  /// The target ended in a slash (or in `/.`), so it means a folder. Always true for the top.
  bool trailing_slash = false;
  /// What follows the first `?`, not decoded.
  std::string raw_query;

  /// The first parameter of that name in the query, decoded as application/x-www-form-urlencoded:
  /// `+` is a space, and an escape that is none stands for itself. Empty if it has no value. May
  /// hold any byte.
  std::optional<std::string> query(std::string_view name) const;
};

/// The host of an absolute-form is not looked at: every host is this server. Escapes are decoded
/// once, before the path is split, so `%2F` separates and `%2e%2e` is `..`. A backslash counts as a
/// slash, as it does over TFTP, where firmware sends it: both views of the tree must mean the same.
/// `//` and `/./` fold into `/` (shim asks for `dir//grubx64.efi`).
///
/// Errors, all to be answered with 400: a form other than the two above, `..` as a segment, a
/// malformed escape, a control character in the path (escaped or not), whitespace or a fragment,
/// too long.
Expected<Target> parse_target(std::string_view text);

/// Appends `path` as a URI wants it: all but letters, digits, `-._~` and `/` is percent-encoded.
void append_encoded_path(std::string& out, std::string_view path);

}  // namespace pixie::http
