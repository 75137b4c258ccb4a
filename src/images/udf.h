// Reads the folders of a UDF volume (OSTA UDF 1.02 to 2.50 on ECMA-167). A folder is a file of file identifier
// descriptors (4/14.4):
//   0 tag[16] · 16 version[2] · 18 characteristics · 19 length of the name · 20 where the file entry is, a long_ad[16] ·
//   36 length of what is before the name[2] · that · the name, in OSTA Compressed Unicode · padding to 4 bytes
// A symbolic link is a file of path components (4/14.16): type (1, 2: the root; 3: `..`; 4: `.`; 5: a name) · length
// · version[2] · the name. Hidden files are taken, deleted ones and named streams are not.
#pragma once

#include "images/builder.h"
#include "images/metadata.h"
#include "images/udf_volume.h"
#include "wire/error.h"

namespace pixie::images {

Expected<void> read_udf(Metadata& image, const UdfVolume& volume, Builder& builder);

}  // namespace pixie::images
