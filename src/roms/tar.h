// Reads a tar archive in memory, and undoes gzip: as much as iPXE's release bundle needs, hardened
// against archives that want to write elsewhere or to fill the memory.
//
// ustar (POSIX.1-2017, pax, "ustar Interchange Format"), blocks of 512 bytes:
//   0 name[100] · 124 size[12] octal · 148 checksum[8] octal, of the header with these 8 as blanks
//   · 156 type · 157 link name[100] · 257 "ustar" · 345 prefix[155] (POSIX only; GNU has other
//   things there)
// Types: 0 or NUL file, 1 hard link, 2 symbolic link, 5 directory, x and g pax records, L and K
// GNU's long name and long link name. The archive ends with a block of zeros.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "wire/cursor.h"
#include "wire/error.h"

namespace pixie::roms {

struct TarMember {
  enum class Kind { kFile, kLink };

  /// Relative, components separated by one `/`, without `.` and `..`.
  std::string path;
  Kind kind;
  /// Of a file; refers to the archive.
  wire::Bytes bytes;
};

/// Files and links of the archive, in its order; directories are left out. Refuses the whole
/// archive for a bad checksum, a missing end, a name or a link that leads out of the archive's own
/// tree, a device, a sparse file, or more than 20,000 headers. What it returns refers to `archive`.
Expected<std::vector<TarMember>> read_tar(wire::Bytes archive);

bool is_gzip(wire::Bytes bytes);

/// The content of a gzip file (RFC 1952), of all its members. Fails if it is longer than `limit`
/// bytes, damaged or cut off.
Expected<std::vector<std::byte>> gunzip(wire::Bytes bytes, std::size_t limit);

}  // namespace pixie::roms
