// Bytes from the network as text that is fit for logs, terminals and web pages: printable ASCII
// without line breaks.
#pragma once

#include <cstddef>
#include <string>

#include "wire/cursor.h"

namespace pixie::dhcp {

/// As many bytes as texts show; what is longer is cut and ends with an ellipsis of three dots.
constexpr std::size_t max_shown = 255;

/// Text as it is; a byte that is not printable ASCII as `\xHH`, a backslash as `\\`.
std::string printable(wire::Bytes bytes);
/// Lower-case hexadecimal digits.
std::string hex(wire::Bytes bytes);
/// Text if all of it is printable ASCII, otherwise hexadecimal digits: for identifiers that may be
/// either.
std::string printable_or_hex(wire::Bytes bytes);

}  // namespace pixie::dhcp
