#include "tftp/rtt.h"

#include <algorithm>

namespace pixie::tftp {

void RoundTrip::sample(Duration measured) {
  constexpr Duration longest = std::chrono::minutes(1);
  const auto bounded = std::clamp(measured, Duration::zero(), longest);
  const auto now = static_cast<std::uint32_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(bounded).count());
  if (!known()) {
    smoothed_ = now;
    variation_ = now / 2;
    shortest_ = now;
    return;
  }
  shortest_ = std::min(shortest_, now);
  const auto deviation = now > smoothed_ ? now - smoothed_ : smoothed_ - now;
  variation_ = variation_ - variation_ / 4 + deviation / 4;
  smoothed_ = smoothed_ - smoothed_ / 8 + now / 8;
}

}  // namespace pixie::tftp
