#include "wire/suggest.h"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace pixie::wire {
namespace {

/// Levenshtein's.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 0; i < a.size(); ++i) {
    auto diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const auto replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

}  // namespace

std::string suggestion(std::string_view mistyped, std::span<const std::string_view> names) {
  constexpr std::size_t name_limit = 40;
  if (mistyped.size() > name_limit || names.empty()) return "";
  const auto distance = [&](std::string_view name) { return edit_distance(mistyped, name); };
  const auto nearest = *std::ranges::min_element(names, {}, distance);
  const auto near_enough = std::max<std::size_t>(2, mistyped.size() / 3);
  return distance(nearest) > near_enough ? "" : fmt::format("; did you mean '{}'?", nearest);
}

}  // namespace pixie::wire
