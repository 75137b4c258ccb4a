// For tests of engines: a bad network in virtual time. All that is random comes from one seed, so that a failure can
// be run again alone.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <numeric>
#include <optional>
#include <queue>
#include <random>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace pixie::simulation {

using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;
using Duration = Clock::duration;

/// 1 to `usual`; the environment's PIXIE_SIMULATION_SEEDS sets another number, PIXIE_SIMULATION_SEED a single seed.
inline std::vector<std::uint64_t> seeds(std::uint64_t usual) {
  if (const char* only = std::getenv("PIXIE_SIMULATION_SEED"))
    return {std::strtoull(only, nullptr, 10)};
  const char* wanted = std::getenv("PIXIE_SIMULATION_SEEDS");
  std::vector<std::uint64_t> all(wanted ? std::strtoull(wanted, nullptr, 10) : usual);
  std::iota(all.begin(), all.end(), 1);
  return all;
}

/// How to run a failed seed alone.
inline std::string replay(std::uint64_t seed) {
  return "PIXIE_SIMULATION_SEED=" + std::to_string(seed);
}

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}

  /// 0 to `bound` - 1.
  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }
  bool chance(double probability) {
    return std::uniform_real_distribution<double>(0, 1)(random_) < probability;
  }
  double fraction(double most) { return most * static_cast<double>(below(1001)) / 1000; }
  template <class T, std::size_t n>
  T one_of(const T (&values)[n]) {
    return values[below(n)];
  }

 private:
  std::mt19937_64 random_;
};

/// One direction of the network. The fractions are probabilities for each packet.
struct Link {
  double loss = 0;
  double duplication = 0;
  double reordering = 0;
  Duration delay = std::chrono::milliseconds(1);
  Duration per_packet = std::chrono::microseconds(10);
  /// When what was sent before is through.
  TimePoint free{};
};

/// The packets that are on their way.
template <class Packet>
class Network {
 public:
  explicit Network(Dice& dice) : dice_(dice) {}

  void send(Link& link, const Packet& packet, TimePoint now) {
    link.free = std::max(link.free, now) + link.per_packet;
    const int copies = dice_.chance(link.loss) ? 0 : dice_.chance(link.duplication) ? 2 : 1;
    if (copies != 1) ++disturbances_;
    for (int i = 0; i < copies; ++i) {
      auto at = link.free + link.delay;
      if (dice_.chance(link.reordering)) {
        at += link.delay / 100 * static_cast<int>(dice_.below(300));
        ++disturbances_;
      }
      on_their_way_.push({at, ++order_, packet});
    }
  }

  /// When the next one arrives.
  TimePoint next() const {
    return on_their_way_.empty() ? TimePoint::max() : on_their_way_.top().at;
  }

  /// One that has arrived.
  std::optional<Packet> take(TimePoint now) {
    if (next() > now) return std::nullopt;
    auto packet = on_their_way_.top().packet;
    on_their_way_.pop();
    return packet;
  }

  /// Packets that were lost, doubled, or delayed beyond others.
  std::uint64_t disturbances() const { return disturbances_; }

 private:
  struct Flight {
    TimePoint at;
    std::uint64_t order;
    Packet packet;
    bool operator>(const Flight& other) const {
      return std::tie(at, order) > std::tie(other.at, other.order);
    }
  };

  Dice& dice_;
  std::priority_queue<Flight, std::vector<Flight>, std::greater<>> on_their_way_;
  std::uint64_t order_ = 0;
  std::uint64_t disturbances_ = 0;
};

}  // namespace pixie::simulation
