// When a client sends again what is not answered: after 1, 2, 4, 8, 8, … seconds, until its patience is over. Firmware
// and iPXE have times of their own, all of this kind.
#pragma once

#include <algorithm>

#include "storm/plan.h"

namespace pixie::storm {

class Repetition {
 public:
  explicit Repetition(Duration patience) : patience_(patience) {}

  /// Something new was sent.
  void begin(TimePoint now) {
    end_ = now + patience_;
    pause_ = std::chrono::seconds(1);
    next_ = std::min(now + pause_, end_);
  }
  /// The same was sent again.
  void again(TimePoint now) {
    constexpr Duration longest = std::chrono::seconds(8);
    pause_ = std::min(2 * pause_, longest);
    next_ = std::min(now + pause_, end_);
  }
  TimePoint deadline() const { return next_; }
  bool is_over(TimePoint now) const { return now >= end_; }

 private:
  Duration patience_;
  Duration pause_{};
  TimePoint next_ = TimePoint::max();
  TimePoint end_ = TimePoint::max();
};

}  // namespace pixie::storm
