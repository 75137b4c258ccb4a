// Reads the folders of an ISO 9660 volume (ECMA-119), levels 1 to 3: files may be of several parts. A folder's records
// do not cross the end of a block.
#pragma once

#include <cstdint>

#include "images/builder.h"
#include "images/iso_volume.h"
#include "images/metadata.h"
#include "wire/error.h"

namespace pixie::images {

enum class IsoNames : std::uint8_t { plain, joliet };

Expected<void> read_iso9660(Metadata& image, const IsoVolume& volume, IsoNames names,
                            Builder& builder);

}  // namespace pixie::images
