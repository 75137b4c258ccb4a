#include "images/draft.h"

#include <algorithm>

namespace pixie::images {

Children::Children(const Drafts& drafts)
    : numbers_(drafts.nodes.size()), ranges_(drafts.nodes.size()) {
  const auto& nodes = drafts.nodes;
  std::vector<std::uint32_t> ends(nodes.size() + 1);
  for (std::size_t i = 1; i < nodes.size(); ++i) ++ends[nodes[i].parent + 1];
  for (std::size_t i = 1; i < ends.size(); ++i) ends[i] += ends[i - 1];
  const auto begins = ends;
  for (std::size_t i = 1; i < nodes.size(); ++i) {
    numbers_[ends[nodes[i].parent]++] = static_cast<std::uint32_t>(i);
  }
  const auto name = [&](std::uint32_t number) { return drafts.name_of(nodes[number]); };
  const auto before = [&](std::uint32_t a, std::uint32_t b) {
    const auto order = name(a) <=> name(b);
    return order < 0 || (order == 0 && a < b);
  };
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const auto all = std::span(numbers_).subspan(begins[i], ends[i] - begins[i]);
    std::ranges::sort(all, before);
    const auto doubles = std::ranges::unique(all, {}, name);
    ranges_[i] = all.first(all.size() - doubles.size());
  }
}

}  // namespace pixie::images
