// When the machines of a storm are switched on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "storm/plan.h"

namespace pixie::storm {

enum class Arrival : std::uint8_t {
  all,
  /// One after the other, evenly.
  ramp,
  /// Independent of each other.
  poisson,
};

/// `all`, `ramp`, `poisson`.
std::optional<Arrival> find_arrival(std::string_view name);

/// For each machine the time from the storm's beginning, in order. `over`: when the last one comes (with `poisson` on
/// average); not used with `all`. The same seed gives the same times.
std::vector<Duration> arrivals(Arrival arrival, std::size_t machines, Duration over,
                               std::uint64_t seed);

}  // namespace pixie::storm
