#include "images/links.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "images/limits.h"

namespace pixie::images {
namespace {

/// Takes the first name from a path.
std::string_view take_name(std::string_view& path) {
  const auto name = path.substr(0, path.find('/'));
  path.remove_prefix(std::min(name.size() + 1, path.size()));
  return name;
}

class Walker {
 public:
  Walker(const Drafts& drafts, const Children& children)
      : drafts_(drafts), children_(children), leads_to_(drafts.nodes.size()) {
    std::iota(leads_to_.begin(), leads_to_.end(), 0U);
    followed_.resize(drafts.nodes.size());
  }

  Expected<std::vector<std::uint32_t>> walk_all() {
    for (std::uint32_t i = 0; i < drafts_.nodes.size(); ++i) {
      if (drafts_.nodes[i].kind != Draft::Kind::link) continue;
      leads_to_[i] = walk(i);
      followed_[i] = true;
      if (steps_ > limits::link_steps) {
        return fail(
            fmt::format("the symbolic links lead through more than {} names, more than "
                        "any real image's",
                        limits::link_steps));
      }
    }
    return std::move(leads_to_);
  }

 private:
  std::uint32_t walk(std::uint32_t link) {
    std::uint32_t here = drafts_.nodes[link].parent;
    // Paths still to go, the next one last.
    std::vector<std::string_view> paths;
    std::size_t links = 0;
    const auto follow = [&](std::uint32_t number) {
      paths.push_back(drafts_.target_of(drafts_.nodes[number]));
      if (paths.back().starts_with('/')) here = 0;
      return ++links <= limits::links_followed;
    };
    follow(link);
    while (!paths.empty()) {
      if (paths.back().empty()) {
        paths.pop_back();
        continue;
      }
      if (++steps_ > limits::link_steps) return nowhere;
      const auto next = step(here, take_name(paths.back()));
      if (next == nowhere) return nowhere;
      if (drafts_.nodes[next].kind == Draft::Kind::link) {
        if (!follow(next)) return nowhere;
      } else {
        here = next;
      }
    }
    return here;
  }

  /// The entry `name` of `here`; of a link that was followed before, what it leads to.
  std::uint32_t step(std::uint32_t here, std::string_view name) const {
    if (drafts_.nodes[here].kind != Draft::Kind::folder) return nowhere;
    if (name.empty() || name == ".") return here;
    if (name == "..") return drafts_.nodes[here].parent;
    const auto name_at = [this](std::uint32_t i) { return drafts_.name_of(drafts_.nodes[i]); };
    const auto entries = children_.of(here);
    const auto found = std::ranges::lower_bound(entries, name, {}, name_at);
    if (found == entries.end() || name_at(*found) != name) return nowhere;
    return followed_[*found] ? leads_to_[*found] : *found;
  }

  const Drafts& drafts_;
  const Children& children_;
  std::vector<std::uint32_t> leads_to_;
  std::vector<bool> followed_;
  std::size_t steps_ = 0;
};

}  // namespace

Expected<std::vector<std::uint32_t>> follow_links(const Drafts& drafts, const Children& children) {
  return Walker(drafts, children).walk_all();
}

}  // namespace pixie::images
