#include "script/value.h"

#include <algorithm>

namespace pixie::script {

Found part_of(Found whole, std::string_view path) {
  while (whole.value != nullptr && !path.empty()) {
    const auto* table = std::get_if<Table>(&whole.value->content);
    if (table == nullptr) return {};
    const auto dot = path.find('.');
    const auto part = table->find(path.substr(0, dot));
    if (part == table->end()) return {};
    whole = {.value = &part->second, .claimed = whole.claimed || part->second.claimed};
    path = dot == path.npos ? "" : path.substr(dot + 1);
  }
  return whole;
}

Found Scope::look_up(std::string_view name) const {
  const auto dot = name.find('.');
  const auto first = name.substr(0, dot);
  for (const auto* table : tables_) {
    const auto found = table->find(first);
    if (found == table->end()) continue;
    return part_of({.value = &found->second, .claimed = found->second.claimed},
                   dot == name.npos ? "" : name.substr(dot + 1));
  }
  return {};
}

std::vector<std::string_view> Scope::names() const {
  std::vector<std::string_view> names;
  for (const auto* table : tables_) {
    for (const auto& [name, value] : *table) names.push_back(name);
  }
  std::ranges::sort(names);
  const auto doubles = std::ranges::unique(names);
  names.erase(doubles.begin(), doubles.end());
  return names;
}

}  // namespace pixie::script
