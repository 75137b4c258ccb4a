#include "storm/arrivals.h"

#include <random>

namespace pixie::storm {

std::optional<Arrival> find_arrival(std::string_view name) {
  if (name == "all") return Arrival::all;
  if (name == "ramp") return Arrival::ramp;
  if (name == "poisson") return Arrival::poisson;
  return std::nullopt;
}

std::vector<Duration> arrivals(Arrival arrival, std::size_t machines, Duration over,
                               std::uint64_t seed) {
  std::vector<Duration> times(machines);
  if (arrival == Arrival::all || machines < 2) return times;
  const auto gap = std::chrono::duration<double>(over) / (static_cast<double>(machines) - 1);
  std::mt19937_64 generator(seed);
  std::exponential_distribution<double> exponential(1);
  std::chrono::duration<double> at{};
  for (std::size_t i = 1; i < machines; ++i) {
    at += arrival == Arrival::ramp ? gap : gap * exponential(generator);
    times[i] = std::chrono::duration_cast<Duration>(at);
  }
  return times;
}

}  // namespace pixie::storm
