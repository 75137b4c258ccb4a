// Any bytes as an index, its checksum put right: it is refused, or it is one that can be walked and is written as it was
// read.
#include <cstdlib>
#include <string>
#include <vector>

#include <zlib.h>

#include "images/index_file.h"

namespace {

using namespace pixie;

void check(bool holds) {
  if (!holds) std::abort();
}

void walk(const images::Index& index) {
  std::vector<std::string> folders{""};
  while (!folders.empty()) {
    const auto folder = std::move(folders.back());
    folders.pop_back();
    for (const auto& node : index.entries(folder)) {
      const auto path = (folder.empty() ? "" : folder + "/") + std::string(node.name);
      // Links are found, too, if it is only once.
      check(index.find(path).has_value());
      if (node.kind == images::Index::Kind::folder && !node.link && path.size() < 4096) {
        folders.push_back(path);
      }
      for (const auto& extent : node.extents) {
        check(extent.offset == images::Extent::zeros ||
              extent.offset + extent.length <= index.image_size());
      }
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t sum_offset = 12, header_size = 16;
  std::string bytes(reinterpret_cast<const char*>(data), size);
  if (bytes.size() >= header_size) {
    auto sum = crc32_z(0, data + header_size, size - header_size);
    for (std::size_t i = 0; i < 4; ++i) bytes[sum_offset + i] = static_cast<char>(sum >> 8 * i);
  }
  const auto index = images::parse_index(wire::as_bytes(bytes));
  if (!index) {
    check(!index.error().text.empty());
    return 0;
  }
  walk(**index);
  const auto written = images::write_index(**index);
  const auto again = images::parse_index(wire::as_bytes(written));
  check(again && images::write_index(**again) == written);
  return 0;
}
