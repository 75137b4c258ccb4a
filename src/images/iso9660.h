// Reads the folders of an ISO 9660 volume (ECMA-119), levels 1 to 3: files may be of several parts. A folder's records
// do not cross the end of a block.
#pragma once

#include <cstddef>
#include <optional>

#include "images/builder.h"
#include "images/iso_volume.h"
#include "images/metadata.h"
#include "wire/error.h"

namespace pixie::images {

/// How names are written, and what else is in a record.
struct IsoExtensions {
  bool joliet = false;
  /// Rock Ridge: how many bytes to skip in System Use fields.
  std::optional<std::size_t> rock_ridge;
};

/// The extensions of the primary volume: Rock Ridge, if it is there.
Expected<IsoExtensions> find_extensions(Metadata& image, const IsoVolume& volume);

Expected<void> read_iso9660(Metadata& image, const IsoVolume& volume,
                            const IsoExtensions& extensions, Builder& builder);

}  // namespace pixie::images
