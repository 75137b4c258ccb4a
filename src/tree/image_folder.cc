#include "tree/image_folder.h"

#include <cerrno>
#include <ranges>

#include <fmt/format.h>

namespace pixie::tree {
namespace {

/// What comes by the API and is not yet whole (library/partial.h).
bool is_partial(std::string_view name) { return name.starts_with('.') && name.ends_with(".part"); }

Refusal not_yet(const images::Image& image) {
  return {Refusal::Reason::not_yet,
          fmt::format("{} is just being copied or indexed; ask again in a moment.", image.file)};
}

Listing listing_of(const images::Index& index, std::string_view folder) {
  Listing listing;
  for (const auto& node : index.entries(folder) | std::views::take(entry_limit)) {
    listing.entries.push_back({.name = std::string(node.name),
                               .folder = node.kind == images::Index::Kind::folder,
                               .size = node.size,
                               .modified = node.modified});
  }
  return listing;
}

/// The entity tag names the image's version and where in it the file begins.
Body body_of(const images::Image& image, const images::Index::Node& node, Opened opened) {
  const auto extents = node.extents;
  const auto offset = extents.empty() ? 0 : extents.front().offset;
  const auto source = [&]() -> Body {
    if (extents.size() > 1 || offset == images::Extent::zeros) {
      return {Body::Kind::file, FileExtents{.file = std::move(opened.file),
                                            .extents = extents,
                                            .length = node.size,
                                            .index = image.index}};
    }
    return {Body::Kind::file, FileRange{std::move(opened.file), offset, node.size}};
  };
  auto body = source();
  const auto& stamp = image.stamp;
  body.etag = fmt::format("\"{:x}-{:x}-{:x}-{:x}-{:x}\"", stamp.inode, stamp.size,
                          stamp.modified_ns, offset, node.size);
  body.modified = image.modified;
  body.name = node.name;
  return body;
}

}  // namespace

Answer ImageFolder::resolve(const std::string& path, const std::string& relative) {
  const auto place = images_->find(relative);
  if (place && place->image.kind == images::ImageKind::iso && place->image.file != relative)
    return content(*place, path);
  const bool is_file = place && place->image.kind != images::ImageKind::folder;
  if (is_file && place->image.pending) return not_yet(place->image);
  return on_disk(path, relative);
}

Answer ImageFolder::content(const images::Images::Place& place, const std::string& path) {
  const auto& image = place.image;
  if (!image.fault.empty()) {
    return Refusal{Refusal::Reason::not_found,
                   fmt::format("{} can't be used: {}", image.file, image.fault)};
  }
  if (!image.index) return not_yet(image);
  auto opened = folder_.open(image.file);
  if (!opened) return refusal(opened.error(), path);
  if (images::Stamp::of(opened->status) != image.stamp) return not_yet(image);
  const auto node = image.index->find(place.path);
  if (!node) return refusal(ENOENT, path);
  if (node->kind == images::Index::Kind::folder) return listing_of(*image.index, place.path);
  return body_of(image, *node, std::move(*opened));
}

Answer ImageFolder::on_disk(const std::string& path, const std::string& relative) {
  if (is_partial(last_component(relative))) return refusal(ENOENT, path);
  auto opened = folder_.open(relative);
  if (!opened) return refusal(opened.error(), path);
  if (!opened->is_folder()) return file_body(std::move(*opened), Body::Kind::file, path);
  Listing listing{entries(*opened)};
  add_contents(listing, relative);
  return listing;
}

/// Beside the files of a group, what is in them.
void ImageFolder::add_contents(Listing& listing, const std::string& group) const {
  const auto prefix = group.empty() ? "" : group + "/";
  for (auto each = images_->all.lower_bound(prefix);
       each != images_->all.end() && each->first.starts_with(prefix); ++each) {
    const auto& [name, image] = *each;
    const auto last = name.substr(prefix.size());
    if (!image.index || last.contains('/') || image.file == name) continue;
    listing.entries.push_back(
        {.name = last, .folder = true, .size = std::nullopt, .modified = image.modified});
  }
}

}  // namespace pixie::tree
