// File names as TFTP clients spell them, brought to the one spelling that the rest of the program
// uses.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "wire/error.h"

namespace pixie::tftp {

constexpr std::size_t max_name_size = 1024;

/// The path that the file name of a request means: components separated by single slashes, neither
/// `.` nor `..` among them, no slash at either end, at most max_name_size bytes. What it absorbs:
/// - `\` in place of `/` (Windows boot managers) and a leading slash (iPXE keeps that of DHCP's
///   file name);
/// - `//` and `./` (shim asks for `dir//grubx64.efi`);
/// - 0xFF bytes at the end (old ROMs take the end mark of DHCP's options into the name, seen with
///   Kea);
/// - anything after a NUL.
/// An error for a name that is empty or too long, climbs by `..`, or has control characters, which
/// would forge lines of a log (C0, DEL, and C1 in UTF-8). Other bytes are kept, whatever their
/// encoding.
Expected<std::string> clean_name(std::string_view name);

}  // namespace pixie::tftp
