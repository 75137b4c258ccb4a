// What a UDF volume is made of: the anchor in sector 256 or at the end leads to the volume descriptor sequence
// (ECMA-167 3/8.4), whose descriptors tell the partitions and where the root folder is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "images/metadata.h"
#include "images/udf_partition.h"
#include "wire/error.h"

namespace pixie::images {

/// A partition descriptor's (3/10.5).
struct UdfSpace {
  std::uint16_t number = 0;
  /// In blocks.
  std::uint32_t begin = 0;
  std::uint32_t length = 0;
};

/// A partition map (3/10.7, UDF 2.2.8 to 2.2.10): what a partition reference of the volume means.
struct UdfMap {
  enum class Kind : std::uint8_t { plain, sparable, virtual_blocks, metadata };

  Kind kind = Kind::plain;
  /// Of the UdfSpace that it lies in.
  std::uint16_t number = 0;
  /// Sparable: blocks of a packet; where a table of moved packets is; its bytes.
  std::uint16_t packet_blocks = 0;
  std::uint32_t sparing_table = 0;
  std::uint32_t sparing_table_size = 0;
  /// Metadata: the block in its space where the metadata file's entry is, and that of its copy.
  std::uint32_t metadata_file = 0;
  std::uint32_t metadata_mirror = 0;
};

struct UdfVolume {
  std::string volume_id;
  /// 0x0102: UDF 1.02.
  std::uint16_t revision = 0;
  std::uint32_t block_size = 0;
  /// The file set descriptor.
  UdfPlace file_set;
  std::vector<UdfSpace> spaces;
  std::vector<UdfMap> maps;
};

/// Nothing: there is no anchor. Of the two sequences the first that is complete.
Expected<std::optional<UdfVolume>> find_udf(Metadata& image);

}  // namespace pixie::images
