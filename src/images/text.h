// Names as discs write them, in UTF-8.
#pragma once

#include <string>
#include <string_view>

#include "wire/cursor.h"

namespace pixie::images {

/// UTF-16 or UCS-2, big endian; half a pair becomes U+FFFD. An odd byte at the end is ignored.
std::string utf8_from_utf16(wire::Bytes text);
/// Latin-1: the first 256 characters of Unicode.
std::string utf8_from_latin1(wire::Bytes text);

/// OSTA Compressed Unicode (UDF 2.1.1): 8 and Latin-1, or 16 and UTF-16. Empty for anything else.
std::string utf8_from_osta(wire::Bytes text);
/// A dstring (ECMA-167 1/7.2.12): a field of OSTA Compressed Unicode whose last byte is the length.
std::string utf8_from_dstring(wire::Bytes field);

/// Without the blanks and NULs at its end.
std::string without_blanks(std::string text);

/// A name of ISO 9660 without extensions as Linux shows it: in lower case, without the version `;1` and without a dot
/// before it (isofs, map=normal); other semicolons become dots.
std::string plain_iso_name(std::string_view name);
/// A name of Joliet: in UTF-8, without the version and dots before it.
std::string joliet_name(wire::Bytes name);

}  // namespace pixie::images
