// How many large files may be sent over HTTP at once: in a storm each machine is better served in its turn, fast, than
// all of them slowly. Those beyond are told to come again (503 with Retry-After, which iPXE honours).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace pixie::net {

/// May be used from any thread. Outlives its places.
class TransferLimit {
 public:
  /// Smaller answers (scripts, configurations) are always sent.
  static constexpr std::uint64_t large_bytes = 256 * 1024;

  /// 0: as many as come.
  explicit TransferLimit(std::size_t most) : most_(most) {}

  /// One of the places; given back at its end.
  class Place {
   public:
    explicit Place(TransferLimit* limit) : limit_(limit) {}
    Place(Place&& other) noexcept : limit_(std::exchange(other.limit_, nullptr)) {}
    ~Place() {
      if (limit_) --limit_->taken_;
    }

   private:
    TransferLimit* limit_;
  };

  bool is_off() const { return most_ == 0; }
  /// False: all places are taken; else one is, and Place(this) gives it back.
  bool take() {
    if (taken_++ < most_) return true;
    --taken_;
    return false;
  }
  /// When to come again, in seconds: not all at the same moment.
  unsigned retry_after() { return 1 + turned_away_++ % 5; }

 private:
  const std::size_t most_;
  std::atomic<std::size_t> taken_ = 0;
  std::atomic<unsigned> turned_away_ = 0;
};

}  // namespace pixie::net
