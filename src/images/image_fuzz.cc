// Any image: reading it, and that what comes out is sound: a tree within the limits, extents within the image, every
// file found by its path, and the index as bytes the same.
//
// The input is a list of sectors: its number, in two bytes, and 2,048 bytes each; all others are zeros. So images of
// megabytes are inputs of some kilobytes (fuzz/pack_image.py makes them). Each is read as it is, and once more with the
// sums of UDF's structures put right.
#include <algorithm>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "images/index_file.h"
#include "images/limits.h"
#include "images/read_index.h"
#include "images/source.h"
#include "images/testing.h"

namespace {

using namespace pixie;

constexpr std::size_t sector_size = 2048, record_size = 2 + sector_size;

void check(bool holds) {
  if (!holds) std::abort();
}

class Sectors : public images::Source {
 public:
  explicit Sectors(wire::Bytes input) {
    for (; input.size() >= record_size; input = input.subspan(record_size)) {
      const auto content = input.subspan(2, sector_size);
      sectors_[wire::Reader(input).le16()].assign(content.begin(), content.end());
    }
  }

  std::uint64_t size() const override {
    return sectors_.empty() ? 0 : (sectors_.rbegin()->first + 1) * sector_size;
  }

  bool read(std::uint64_t offset, std::span<std::byte> out) const override {
    check(offset <= size() && out.size() <= size() - offset);
    while (!out.empty()) {
      const auto within = offset % sector_size;
      const auto part = out.first(std::min(out.size(), sector_size - within));
      const auto found = sectors_.find(offset / sector_size);
      if (found == sectors_.end()) {
        std::ranges::fill(part, std::byte{0});
      } else {
        std::ranges::copy(std::span(found->second).subspan(within, part.size()), part.begin());
      }
      offset += part.size();
      out = out.subspan(part.size());
    }
    return true;
  }

  template <class Change>
  void change(Change change) {
    for (auto& [number, content] : sectors_) change(content);
  }

 private:
  std::map<std::uint64_t, std::vector<std::byte>> sectors_;
};

/// Gives whatever looks like a structure of UDF the right CRC and sum.
void repair_tags(std::span<std::byte> sector) {
  for (std::size_t at = 0; at + images::udf_tag_size <= sector.size(); at += 4) {
    const auto structure = sector.subspan(at);
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

void read(const images::Source& image) {
  const auto index = images::read_index(image);
  if (!index) return check(!index.error().text.empty());
  check_tree(**index);
  const auto bytes = images::write_index(**index);
  const auto again = images::parse_index(wire::as_bytes(bytes));
  check(again && images::write_index(**again) == bytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Sectors image(std::as_bytes(std::span(data, size)));
  read(image);
  image.change(repair_tags);
  read(image);
  return 0;
}
