// Makes the partitions of a UDF volume from its maps: reads the tables and files that say where their blocks lie.
#pragma once

#include "images/metadata.h"
#include "images/udf_partition.h"
#include "images/udf_volume.h"
#include "wire/error.h"

namespace pixie::images {

Expected<UdfPartitions> make_partitions(Metadata& image, const UdfVolume& volume);

}  // namespace pixie::images
