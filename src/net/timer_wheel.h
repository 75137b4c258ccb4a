// Deadlines for many thousand objects of one loop at a constant cost. An object's deadline may move as often
// as it likes without touching the wheel: its entry is looked at when its slot comes round, and put further on
// if the deadline has moved.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>

namespace pixie::net {

using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;

/// Base of what has a deadline. Removes itself from its wheel when destroyed. Not copyable: the wheel points at it.
class Timed {
 public:
  Timed() = default;
  Timed(const Timed&) = delete;
  Timed& operator=(const Timed&) = delete;

 protected:
  ~Timed() { unlink(); }

 public:
  /// When `on_deadline` should run; max(): never. May change at any time, but one that comes earlier is noticed
  /// only with a new `TimerWheel::add`.
  virtual TimePoint deadline() const = 0;
  /// The deadline has passed, and the wheel has let go of the object: `add` it again if it has a new one. May
  /// destroy the object.
  virtual void on_deadline(TimePoint now) = 0;

 private:
  friend class TimerWheel;
  void unlink() {
    if (!next_) return;
    next_->previous_ = previous_;
    previous_->next_ = next_;
    next_ = previous_ = nullptr;
  }
  Timed* next_ = nullptr;
  Timed* previous_ = nullptr;
  /// The deadline that the place in the wheel was chosen for.
  TimePoint placed_for_{};
};

class TimerWheel {
 public:
  static constexpr auto tick = std::chrono::milliseconds(20);

  explicit TimerWheel(TimePoint now) : current_(number(now)) {}

  /// Makes sure that the object is looked at when its deadline has passed. Returns when advance() is to be called for
  /// it; max() if that is no sooner than it was.
  TimePoint add(Timed& timed);
  /// Runs what is due.
  void advance(TimePoint now);
  /// When advance() is to be called next; max(): there is nothing in the wheel. Looks at the slots in turn.
  TimePoint next() const;

 private:
  static constexpr std::size_t slot_count = 512;
  struct Anchor final : Timed {
    Anchor() { close(); }
    void close() { next_ = previous_ = this; }
    TimePoint deadline() const override { return TimePoint::max(); }
    void on_deadline(TimePoint) override {}
    bool empty() const { return next_ == this; }
    Timed* first() const { return next_; }
    void take(Timed& timed);
    void splice(Anchor& other);
  };

  static std::size_t number(TimePoint when) {
    return static_cast<std::size_t>(when.time_since_epoch() / tick);
  }
  static TimePoint time_of(std::size_t number) {
    return TimePoint(static_cast<Clock::rep>(number) * tick);
  }

  std::array<Anchor, slot_count> slots_;
  std::size_t current_;
};

}  // namespace pixie::net
