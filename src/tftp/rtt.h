// The round-trip time of one client, smoothed as RFC 6298 section 2 does, in 12 bytes.
#pragma once

#include <chrono>
#include <cstdint>

namespace pixie::tftp {

class RoundTrip {
 public:
  using Duration = std::chrono::steady_clock::duration;

  bool known() const { return shortest_ != unknown; }

  /// Takes the time from sending a packet to its acknowledgment. Never one of a packet that was
  /// sent more than once, as nobody knows which of them was acknowledged (Karn's rule).
  void sample(Duration measured);

  /// How long to wait for an answer before it must be thought lost; of use only if known().
  Duration patience() const { return Microseconds(smoothed_) + 4 * Microseconds(variation_); }

  /// The shortest that was measured: the way itself, without the client's own pauses. Of use only if known().
  Duration shortest() const { return Microseconds(shortest_); }

 private:
  static constexpr std::uint32_t unknown = 0xffff'ffff;
  using Microseconds = std::chrono::duration<std::uint64_t, std::micro>;

  std::uint32_t smoothed_ = 0;
  std::uint32_t variation_ = 0;
  std::uint32_t shortest_ = unknown;
};

}  // namespace pixie::tftp
