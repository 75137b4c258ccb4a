// A token bucket: so many at once, so many more per second. The time goes in with each question.
#pragma once

#include <algorithm>
#include <chrono>

namespace pixie::wire {

class Allowance {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  /// Begins full.
  Allowance(double burst, double per_second)
      : burst_(burst), per_second_(per_second), left_(burst) {}

  /// Takes one. False: none is left. `now` never goes back.
  bool take(TimePoint now) {
    left_ = left(now);
    refilled_ = now;
    if (left_ < 1) return false;
    left_ -= 1;
    return true;
  }
  /// One that was taken wasn't needed.
  void give_back() { left_ = std::min(burst_, left_ + 1); }
  bool full(TimePoint now) const { return left(now) >= burst_; }

 private:
  double left(TimePoint now) const {
    const std::chrono::duration<double> passed = now - refilled_;
    return std::min(burst_, left_ + passed.count() * per_second_);
  }

  double burst_;
  double per_second_;
  double left_;
  TimePoint refilled_{};
};

}  // namespace pixie::wire
