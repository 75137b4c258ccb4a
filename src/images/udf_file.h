// A file or folder of UDF: its file entry (ECMA-167 4/14.9, 4/14.17) and where its content lies (4/14.14.1, 4/14.14.2).
#pragma once

#include <cstddef>
#include <cstdint>
#include <ctime>
#include <vector>

#include "images/index.h"
#include "images/metadata.h"
#include "images/udf_partition.h"
#include "wire/cursor.h"
#include "wire/error.h"

namespace pixie::images {

struct UdfFile {
  /// ECMA-167 4/14.6.6; 248 is UDF's virtual allocation table (UDF 2.2.11).
  enum class Type : std::uint8_t {
    unspecified = 0,
    folder = 4,
    bytes = 5,
    link = 12,
    allocation_table = 248,
    real_time = 249,
  };

  Type type = Type::bytes;
  std::time_t modified = 0;
  /// In bytes: of all extents together.
  std::uint64_t size = 0;
  /// In the order of the content.
  std::vector<Extent> extents;
};

/// The file whose entry is at `place`. Errors of this and the next ones are the end of a sentence.
Expected<UdfFile> read_udf_file(Metadata& image, const UdfPartitions& partitions,
                                const UdfPlace& place);

/// All of it; fails if it is longer than `limit` bytes.
Expected<std::vector<std::byte>> read_content(Metadata& image, const UdfFile& file,
                                              std::uint64_t limit);

/// The structure at `place`; its tag is checked by the caller.
Expected<std::vector<std::byte>> read_place(Metadata& image, const UdfPartitions& partitions,
                                            const UdfPlace& place);

/// long_ad (4/14.14.2). The type of the extent is left out.
UdfPlace read_long_ad(wire::Reader& reader);

}  // namespace pixie::images
