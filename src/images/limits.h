// How much an image may ask of its reader. Each is several times what real media need, and keeps one hostile image from
// using up time or memory.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pixie::images::limits {

/// Folders, files and links: a distribution's whole archive on one Blu-ray disc has under 100,000; an index of this
/// many takes about 40 MB.
inline constexpr std::size_t nodes = 500'000;
/// Read in total. UDF has a block of 2 KiB for each file and folder, so this is for `nodes` of them and their names.
inline constexpr std::uint64_t metadata = std::uint64_t{1280} << 20;
/// No more than this many times the image, and a MiB: nothing is read twice, but small things in larger pieces.
inline constexpr std::uint64_t metadata_factor = 8;
/// One folder's records: 100,000 files with long names take 25 MB.
inline constexpr std::uint64_t folder = 64 << 20;
/// Folders in each other. Rock Ridge and UDF have no limit of their own but the 1,023 bytes of a path (UDF 2.1.3).
inline constexpr std::size_t depth = 128;
/// Bytes of a name, in UTF-8: 255 characters of UCS-2 take 765.
inline constexpr std::size_t name = 1024;
/// Bytes of all names and links' targets together: 128 for each node.
inline constexpr std::size_t text = 64 << 20;
/// Bytes of a symbolic link's target: what Linux takes for a path.
inline constexpr std::size_t link_target = 4096;
/// Of all files together: a fragmented UDF medium of 50 GB in pieces of 16 KiB has 3 million.
inline constexpr std::size_t extents = 4'000'000;
/// Of all that is looked up in UDF's partitions, each thing as often as it is.
inline constexpr std::uint64_t mapped_pieces = 20'000'000;
/// Symbolic links on one path: what Linux follows (path_resolution(7)).
inline constexpr std::size_t links_followed = 40;
/// Names looked up for all symbolic links together: links through links through links.
inline constexpr std::size_t link_steps = 10'000'000;
/// Volume descriptors, from sector 16 on: a disc has about five.
inline constexpr std::size_t descriptors = 64;
/// Bytes of System Use fields of one ISO 9660 record with all its continuation areas: names and links of Rock Ridge
/// take some hundreds, AAIP's attributes a few thousands.
inline constexpr std::size_t system_use = 128 << 10;
/// Of one record.
inline constexpr std::size_t continuation_areas = 256;

}  // namespace pixie::images::limits
