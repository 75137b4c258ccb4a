#include "page/page.h"

#include <algorithm>

namespace pixie::page {

const Asset* find(std::string_view path) {
  const auto all = assets();
  if (path.empty()) return &all.front();
  const auto found = std::ranges::find(all, path, &Asset::path);
  return found == all.end() ? nullptr : &*found;
}

}  // namespace pixie::page
