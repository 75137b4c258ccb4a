// Whole files in and out, for the ROM commands: never more than a limit in memory, never half a
// file on disk.
#pragma once

#include <cstddef>
#include <filesystem>
#include <vector>

#include "wire/cursor.h"
#include "wire/error.h"

namespace pixie::roms {

/// The content of a regular file; fails if it is longer than `limit` bytes. Blocks.
Expected<std::vector<std::byte>> read_file(const std::filesystem::path& path, std::size_t limit);

/// Writes the file under a temporary name beside `path`, then renames it: whoever reads `path` sees
/// the old content or the new one. The file can be read by everybody. Blocks.
Expected<void> write_file(const std::filesystem::path& path, wire::Bytes bytes);

}  // namespace pixie::roms
