// What a disc has, told by the descriptors from sector 16 on (ECMA-119 section 8, ECMA-167 2/9):
//   0 type · 1 identifier[5] · 6 version, then
//   CD001, type 0, boot record:      7 system identifier[32] · 71 block of the boot catalogue[4] (El Torito section 2)
//   CD001, types 1 and 2, volumes:   40 volume identifier[32] · 88 escape sequences[32] (Joliet) · 128 block size[4] ·
//                                    156 the root folder's record[34]
//   CD001, type 255:                 the end of these
//   NSR02, NSR03:                    there is UDF
#pragma once

#include <cstdint>
#include <ctime>
#include <optional>
#include <string>

#include "images/metadata.h"
#include "wire/error.h"

namespace pixie::images {

inline constexpr std::uint32_t sector_size = 2048;

struct IsoVolume {
  /// 512, 1024 or 2048 bytes.
  std::uint32_t block_size = sector_size;
  std::uint64_t root_block = 0;
  std::uint32_t root_length = 0;
  std::time_t root_modified = 0;
};

struct DiscVolumes {
  /// The primary volume's identifier.
  std::string volume_id;
  std::optional<IsoVolume> primary;
  std::optional<IsoVolume> joliet;
  std::optional<std::uint32_t> boot_catalogue;
  bool udf = false;
};

Expected<DiscVolumes> read_volumes(Metadata& image);

}  // namespace pixie::images
