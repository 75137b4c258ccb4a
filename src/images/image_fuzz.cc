// Any image: reading it, and that what comes out is sound: a tree within the limits, extents within the image, every
// file found by its path, and the index as bytes the same.
//
// The input is a list of sectors: its number, in two bytes, and 2,048 bytes each; all others are zeros. Images of half
// a megabyte so become inputs of a few kilobytes (fuzz/pack_image.py makes them). Each is read as it is, and once more
// with the sums of UDF's structures put right.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "images/file_source.h"
#include "images/index_file.h"
#include "images/limits.h"
#include "images/read_index.h"
#include "images/testing.h"

namespace {

using namespace pixie;

constexpr std::size_t sector_size = 2048, record_size = 2 + sector_size;
/// Of an image: 2 MiB, so that anchors at sector 256 of 2,048 or 4,096 bytes fit.
constexpr std::size_t most_sectors = 1024;

void check(bool holds) {
  if (!holds) std::abort();
}

std::vector<std::byte> unpack(wire::Bytes input) {
  std::vector<std::byte> image;
  for (; input.size() >= record_size; input = input.subspan(record_size)) {
    const auto sector = wire::Reader(input).le16() % most_sectors;
    const auto end = (sector + 1) * sector_size;
    if (image.size() < end) image.resize(end);
    std::memcpy(image.data() + sector * sector_size, input.data() + 2, sector_size);
  }
  return image;
}

/// Gives whatever looks like a structure of UDF the right CRC and sum.
void repair_tags(std::span<std::byte> image) {
  for (std::size_t at = 0; at + images::udf_tag_size <= image.size(); at += 4) {
    const auto structure = image.subspan(at);
    wire::Reader reader(structure);
    const auto identifier = reader.le16();
    const auto version = reader.le16();
    const bool is_tag =
        (identifier >= 1 && identifier <= 8) || (identifier >= 256 && identifier <= 266);
    if (is_tag && (version == 2 || version == 3)) images::testing::seal_tag(structure);
  }
}

void check_file(const images::Index& index, const images::Index::Node& node) {
  std::uint64_t size = 0;
  for (const auto& extent : node.extents) {
    check(extent.length > 0);
    size += extent.length;
    if (extent.offset == images::Extent::zeros) continue;
    check(extent.offset <= index.image_size() &&
          extent.length <= index.image_size() - extent.offset);
  }
  check(size == node.size);
}

void check_node(const images::Index& index, const images::Index::Node& node,
                const std::string& path) {
  check(!node.name.empty() && node.name.size() <= images::limits::name);
  check(node.name != "." && node.name != ".." && node.name.find('/') == node.name.npos);
  const auto found = index.find(path);
  check(found && found->name == node.name && found->kind == node.kind && found->size == node.size &&
        found->extents.data() == node.extents.data());
  if (node.kind == images::Index::Kind::file) check_file(index, node);
}

void check_tree(const images::Index& index) {
  std::vector<std::string> folders{""};
  std::size_t files = 0;
  while (!folders.empty()) {
    const auto folder = std::move(folders.back());
    folders.pop_back();
    for (const auto& node : index.entries(folder)) {
      const auto path = (folder.empty() ? "" : folder + "/") + std::string(node.name);
      check_node(index, node, path);
      if (node.link) continue;
      if (node.kind == images::Index::Kind::folder) {
        folders.push_back(path);
        check(std::ranges::count(path, '/') < static_cast<std::ptrdiff_t>(images::limits::depth));
      } else {
        ++files;
      }
    }
  }
  check(files == index.files());
}

void read(std::span<const std::byte> image) {
  const auto index = images::read_index(images::MemorySource(image));
  if (!index) return check(!index.error().text.empty());
  check_tree(**index);
  const auto bytes = images::write_index(**index);
  const auto again = images::parse_index(wire::as_bytes(bytes));
  check(again && images::write_index(**again) == bytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto image = unpack(std::as_bytes(std::span(data, size)));
  read(image);
  repair_tags(image);
  read(image);
  return 0;
}
