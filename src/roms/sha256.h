// SHA-256 (FIPS 180-4) as text.
#pragma once

#include <string>

#include "wire/cursor.h"

namespace pixie::roms {

/// 64 lower-case hexadecimal digits.
std::string sha256(wire::Bytes bytes);

}  // namespace pixie::roms
