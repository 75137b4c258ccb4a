#include "images/index.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace pixie::images {
namespace {

char folded(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

bool folded_less(std::string_view a, std::string_view b) {
  return std::ranges::lexicographical_compare(a, b, {}, folded, folded);
}

}  // namespace

Index::Index(Storage storage) : storage_(std::move(storage)) {
  const auto& entries = storage_.entries;
  auto& order = storage_.folded;
  order.resize(entries.size());
  std::iota(order.begin(), order.end(), 0U);
  const auto before = [&](std::uint32_t a, std::uint32_t b) {
    const auto name_a = storage_.name_of(entries[a]);
    const auto name_b = storage_.name_of(entries[b]);
    return folded_less(name_a, name_b) || (!folded_less(name_b, name_a) && a < b);
  };
  for (const auto& entry : entries) {
    if (entry.kind != Kind::folder || entry.link) continue;
    std::ranges::sort(std::span(order).subspan(entry.first, entry.count), before);
  }
}

std::optional<Index::Node> Index::find(std::string_view path) const {
  const auto* entry = entry_of(path);
  return entry ? std::optional(node(*entry)) : std::nullopt;
}

std::vector<Index::Node> Index::entries(std::string_view folder) const {
  const auto* entry = entry_of(folder);
  if (entry && entry->link) entry = &storage_.entries[entry->first];
  if (!entry || entry->kind != Kind::folder) return {};
  std::vector<Node> result;
  result.reserve(entry->count);
  for (const auto& child : std::span(storage_.entries).subspan(entry->first, entry->count)) {
    result.push_back(node(child));
  }
  return result;
}

const Index::Storage::Entry* Index::entry_of(std::string_view path) const {
  const auto* entry = storage_.entries.data();
  if (path.empty()) return entry;
  for (bool more = true; more && entry;) {
    const auto name = path.substr(0, path.find('/'));
    more = name.size() < path.size();
    path.remove_prefix(name.size() + (more ? 1 : 0));
    if (entry->link) entry = &storage_.entries[entry->first];
    entry = entry->kind == Kind::folder ? child(*entry, name) : nullptr;
  }
  return entry;
}

const Index::Storage::Entry* Index::child(const Storage::Entry& folder,
                                          std::string_view name) const {
  const auto children = std::span(storage_.entries).subspan(folder.first, folder.count);
  const auto name_of = [this](const Storage::Entry& entry) { return storage_.name_of(entry); };
  const auto exact = std::ranges::lower_bound(children, name, {}, name_of);
  if (exact != children.end() && name_of(*exact) == name) return &*exact;

  const auto order = std::span(storage_.folded).subspan(folder.first, folder.count);
  const auto name_at = [&](std::uint32_t number) { return name_of(storage_.entries[number]); };
  const auto similar = std::ranges::lower_bound(order, name, folded_less, name_at);
  if (similar == order.end() || folded_less(name, name_at(*similar))) return nullptr;
  return &storage_.entries[*similar];
}

Index::Node Index::node(const Storage::Entry& entry) const {
  const auto& what = entry.link ? storage_.entries[entry.first] : entry;
  Node node{.name = storage_.name_of(entry),
            .kind = what.kind,
            .link = entry.link,
            .size = what.size,
            .modified = static_cast<std::time_t>(what.modified),
            .extents = {}};
  if (what.kind == Kind::file) {
    node.extents = std::span(storage_.extents).subspan(what.first, what.count);
  }
  return node;
}

}  // namespace pixie::images
