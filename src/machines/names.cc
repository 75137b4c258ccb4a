#include "machines/names.h"

#include <algorithm>
#include <array>

#include "machines/identity.h"

namespace pixie::machines {

bool is_fixed_name(std::string_view name) {
  constexpr std::array<std::string_view, 6> beside{"mac_hyphens", "server",  "host",
                                                   "callback",    "profile", "groups"};
  if (std::ranges::find(beside, name) != beside.end()) return true;
  const auto same = [](char in_name, char in_fact) {
    return in_name == (in_fact == '-' ? '_' : in_fact);
  };
  for (std::size_t i = 0; i < fact_count; ++i) {
    if (std::ranges::equal(name, fact_name(static_cast<Fact>(i)), same)) return true;
  }
  return false;
}

}  // namespace pixie::machines
