#include "images/builder.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "images/limits.h"
#include "images/links.h"

namespace pixie::images {
namespace {

using Storage = Index::Storage;

std::string usable(std::string_view name) {
  if (name.empty() || name == "." || name == "..")
    return std::string(std::max<std::size_t>(name.size(), 1), '_');
  std::string result(name);
  std::ranges::replace(result, '/', '_');
  std::ranges::replace(result, '\0', '_');
  return result;
}

/// The nodes' numbers in the order of the index's entries, and where each folder's begin there.
struct Order {
  std::vector<std::uint32_t> nodes{Builder::root};
  /// By nodes' numbers.
  std::vector<std::uint32_t> place;
  std::vector<std::uint32_t> first_child;
  std::vector<std::uint32_t> child_count;

  Order(const Drafts& drafts, const Children& children, std::span<const std::uint32_t> leads_to)
      : place(drafts.nodes.size()),
        first_child(drafts.nodes.size()),
        child_count(drafts.nodes.size()) {
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      const auto folder = nodes[i];
      if (drafts.nodes[folder].kind != Draft::Kind::folder) continue;
      first_child[folder] = static_cast<std::uint32_t>(nodes.size());
      for (const auto child : children.of(folder)) {
        if (leads_to[child] == nowhere) continue;
        place[child] = static_cast<std::uint32_t>(nodes.size());
        nodes.push_back(child);
      }
      child_count[folder] = static_cast<std::uint32_t>(nodes.size() - first_child[folder]);
    }
  }
};

/// Of the node `number`, which is, or leads to, the node `target`.
Storage::Entry entry_of(const Drafts& drafts, std::uint32_t number, std::uint32_t target,
                        const Order& order) {
  const auto& node = drafts.nodes[number];
  const bool is_folder = drafts.nodes[target].kind == Draft::Kind::folder;
  Storage::Entry entry{.modified = node.modified,
                       .size = node.size,
                       .name = node.name,
                       .first = node.first,
                       .count = node.count,
                       .name_length = node.name_length,
                       .kind = is_folder ? Index::Kind::folder : Index::Kind::file,
                       .link = target != number};
  if (entry.link) {
    entry.first = order.place[target];
    entry.count = 0;
  } else if (is_folder) {
    entry.first = order.first_child[number];
    entry.count = order.child_count[number];
  }
  return entry;
}

}  // namespace

Builder::Builder(std::uint64_t image_size) : image_size_(image_size) {
  drafts_.nodes.push_back({});
}

Expected<Builder::Folder> Builder::add_folder(Folder parent, std::string_view name,
                                              std::time_t modified) {
  const auto added = add({.modified = modified, .kind = Draft::Kind::folder}, parent, name);
  if (!added) return std::unexpected(added.error());
  return static_cast<Folder>(drafts_.nodes.size() - 1);
}

Expected<void> Builder::add_file(Folder parent, std::string_view name, std::time_t modified,
                                 std::span<const Extent> extents) {
  Draft file{.modified = modified, .kind = Draft::Kind::file};
  file.first = static_cast<std::uint32_t>(drafts_.extents.size());
  for (const auto& extent : extents) {
    if (auto added = add_extent(file, extent); !added)
      return fail(fmt::format("{} {}", path_of(parent, name), added.error().text));
  }
  return add(file, parent, name);
}

Expected<void> Builder::add_link(Folder parent, std::string_view name, std::string_view target) {
  if (target.size() > limits::link_target || drafts_.texts.size() + target.size() > limits::text) {
    return fail(fmt::format("{} is a link with a target of {} bytes, more than any real one",
                            path_of(parent, name), target.size()));
  }
  Draft link{.kind = Draft::Kind::link};
  link.first = static_cast<std::uint32_t>(drafts_.texts.size());
  link.count = static_cast<std::uint32_t>(target.size());
  drafts_.texts += target;
  return add(link, parent, name);
}

Expected<void> Builder::add(Draft node, Folder parent, std::string_view name) {
  const auto refuse = [&](std::string_view what, std::size_t limit) {
    return fail(fmt::format("{} is {} {}, more than any real image has",
                            path_of(parent, name.substr(0, 80)), what, limit));
  };
  const std::size_t depth = drafts_.nodes[parent].depth + 1U;
  if (drafts_.nodes.size() >= limits::nodes) return refuse("beyond file", limits::nodes);
  if (depth > limits::depth) return refuse("deeper than", limits::depth);
  if (name.size() > limits::name) return refuse("a name longer than", limits::name);
  const auto text = usable(name);
  if (drafts_.texts.size() + text.size() > limits::text)
    return refuse("beyond all names' bytes,", limits::text);
  node.parent = parent;
  node.depth = static_cast<std::uint16_t>(depth);
  node.name = static_cast<std::uint32_t>(drafts_.texts.size());
  node.name_length = static_cast<std::uint16_t>(text.size());
  drafts_.texts += text;
  drafts_.nodes.push_back(node);
  return {};
}

Expected<void> Builder::add_extent(Draft& file, const Extent& extent) {
  if (extent.length == 0) return {};
  const bool is_zeros = extent.offset == Extent::zeros;
  if (!is_zeros && (extent.offset > image_size_ || extent.length > image_size_ - extent.offset)) {
    return fail(
        fmt::format("has {} bytes at {}, beyond the image's end at {} (is the file complete?)",
                    extent.length, extent.offset, image_size_));
  }
  file.size += extent.length;
  auto& extents = drafts_.extents;
  if (file.count > 0) {
    auto& last = extents.back();
    const bool joins =
        is_zeros ? last.offset == Extent::zeros
                 : last.offset != Extent::zeros && last.offset + last.length == extent.offset;
    if (joins) {
      last.length += extent.length;
      return {};
    }
  }
  if (extents.size() >= limits::extents)
    return fail(
        fmt::format("is in pieces, and all files together in more than {}", limits::extents));
  extents.push_back(extent);
  ++file.count;
  return {};
}

std::string Builder::describe(Folder folder) const {
  if (folder == root) return "the root folder";
  const auto& node = drafts_.nodes[folder];
  return "the folder " + path_of(node.parent, drafts_.name_of(node));
}

std::string Builder::path_of(Folder folder, std::string_view name) const {
  std::string path = "/" + std::string(name);
  for (auto number = folder; number != root; number = drafts_.nodes[number].parent) {
    path.insert(0, "/" + std::string(drafts_.name_of(drafts_.nodes[number])));
  }
  return path;
}

Expected<Storage> Builder::finish() {
  const Children children(drafts_);
  const auto leads_to = follow_links(drafts_, children);
  if (!leads_to) return std::unexpected(leads_to.error());
  const Order order(drafts_, children, *leads_to);

  Storage storage;
  storage.image_size = image_size_;
  storage.entries.reserve(order.nodes.size());
  for (const auto number : order.nodes) {
    storage.entries.push_back(entry_of(drafts_, number, (*leads_to)[number], order));
    const auto& entry = storage.entries.back();
    if (entry.kind == Index::Kind::file && !entry.link) ++storage.files;
  }
  storage.names = std::move(drafts_.texts);
  storage.extents = std::move(drafts_.extents);
  return storage;
}

}  // namespace pixie::images
