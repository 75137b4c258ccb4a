// Whatever is left to chance for one machine, made from one seed, so that a storm can be had again.
#pragma once

#include <cstdint>
#include <random>

#include "storm/plan.h"

namespace pixie::storm {

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : generator_(seed) {}

  /// Whether something happens that does so with this probability.
  bool falls(double probability) {
    return probability > 0 && std::uniform_real_distribution()(generator_) < probability;
  }
  /// From half of it to one and a half.
  Duration around(Duration mean) {
    const auto factor = std::uniform_real_distribution(0.5, 1.5)(generator_);
    return std::chrono::duration_cast<Duration>(mean * factor);
  }
  std::uint32_t number() { return static_cast<std::uint32_t>(generator_()); }

 private:
  std::minstd_rand generator_;
};

}  // namespace pixie::storm
