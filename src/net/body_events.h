// What the events of both protocols tell of a body that is sent.
#pragma once

#include <cstdint>
#include <string_view>

#include "net/timer_wheel.h"
#include "tree/body.h"

namespace pixie::net {

/// The field `what`: `rom`, `chain`, `script` or `file`.
std::string_view what_of(const tree::Body& body);

/// When to tell how far a transfer is: of big ones only, and not too often.
class Progress {
 public:
  explicit Progress(std::uint64_t size)
      : next_(size > smallest ? TimePoint::min() : TimePoint::max()) {}

  /// Whether to tell now; then not again for a while.
  bool due(TimePoint now) {
    if (now < next_) return false;
    next_ = now + pause;
    return true;
  }

 private:
  static constexpr std::uint64_t smallest = 1 << 20;
  static constexpr auto pause = std::chrono::milliseconds(250);

  TimePoint next_;
};

}  // namespace pixie::net
