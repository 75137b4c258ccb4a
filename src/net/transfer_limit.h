// How many large files may be sent over HTTP at once: in a storm each machine is better served in its turn, fast, than
// all of them slowly. Those beyond are told to come again (503 with Retry-After, which iPXE honours), and stand in a queue
// meanwhile: who comes new gets a place only if more are free than machines wait. A machine that had a place a moment
// ago is in the middle of its boot and goes first, so that boots end instead of all standing half-way. While machines
// without a place wait, none gets more than its share.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>

#include "wire/address.h"

namespace pixie::net {

/// May be used from any thread. Outlives its places. Machines are told apart by their address.
class TransferLimit {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  /// Smaller answers (scripts, configurations) are always sent.
  static constexpr std::uint64_t large_bytes = 256 * 1024;
  /// From the end of a machine's file to its next one.
  static constexpr std::chrono::seconds boot_pause{10};

  /// 0: as many as come.
  explicit TransferLimit(std::size_t most) : most_(most) {}

  /// One of the places; given back at its end. Of none: nothing was taken.
  class Place {
   public:
    Place() = default;
    Place(TransferLimit& limit, const wire::IpAddress& machine)
        : limit_(&limit), machine_(machine) {}
    Place(Place&& other) noexcept
        : limit_(std::exchange(other.limit_, nullptr)), machine_(other.machine_) {}
    ~Place() {
      if (limit_) limit_->give_back(machine_, std::chrono::steady_clock::now());
    }

   private:
    TransferLimit* limit_ = nullptr;
    wire::IpAddress machine_;
  };
  /// Seconds after which to come again.
  using ComeAgain = std::chrono::seconds;

  bool is_off() const { return most_ == 0; }
  /// Nothing: a place is taken, for Place(*this, machine) to give back.
  std::optional<ComeAgain> take(const wire::IpAddress& machine, TimePoint now);
  void give_back(const wire::IpAddress& machine, TimePoint now);

 private:
  /// What else a machine may take than its part of a second to come.
  static constexpr std::chrono::seconds grace{2};
  static constexpr std::size_t most_remembered = 10'000;

  bool has_turn(const wire::Endpoint& machine, TimePoint now);
  bool has_its_share(const wire::Endpoint& machine) const;
  void leave_queue(const wire::Endpoint& machine);
  std::chrono::seconds wait(const wire::Endpoint& machine, TimePoint now);

  const std::size_t most_;
  std::mutex mutex_;
  std::size_t taken_ = 0;
  /// Of these, by machine.
  std::unordered_map<wire::Endpoint, std::size_t> places_;
  unsigned turned_away_ = 0;
  /// Who waits, in the order of coming, and by when each was to be here again. Ports are 0, here and below.
  std::deque<wire::Endpoint> queue_;
  std::unordered_map<wire::Endpoint, TimePoint> waiting_;
  /// Machines in the middle of their boot, and until when they count as that.
  std::unordered_map<wire::Endpoint, TimePoint> booting_;
};

}  // namespace pixie::net
