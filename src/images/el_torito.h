// The boot images of a disc (El Torito 1.0). The catalogue is entries of 32 bytes in one sector:
//   validation   1 · platform · [26] · sum[2] · 0x55 0xaa        all words of these 32 bytes together are 0
//   the default  0x88: bootable · medium · … · 6 sectors of 512 to load[2] · 8 first block[4]
//   then, section by section:
//   header       0x90, 0x91: the last · platform · entries[2]
//   entry        as the default; 0x44, which add something to the entry before, are not counted
// Numbers are little endian. Medium: 0 as it is; 1, 2, 3 a floppy of 1.2, 1.44, 2.88 MB; 4 a hard disk.
#pragma once

#include <cstdint>
#include <vector>

#include "images/index.h"
#include "images/metadata.h"
#include "wire/error.h"

namespace pixie::images {

/// What can be booted, in the catalogue's order; nothing if there is no valid catalogue at `block`. An image is as long as
/// the file of `files` that begins where it does, else as its medium says, else as what is to be loaded of it: for UEFI
/// that is, where the number is 0 or 1, all up to the disc's end (UEFI 13.3.2.1).
Expected<std::vector<Index::BootImage>> read_boot_images(Metadata& image, std::uint32_t block,
                                                         const Index::Storage& files);

}  // namespace pixie::images
