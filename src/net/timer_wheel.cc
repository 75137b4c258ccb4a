#include "net/timer_wheel.h"

#include <algorithm>

namespace pixie::net {

void TimerWheel::Anchor::take(Timed& timed) {
  timed.unlink();
  timed.previous_ = previous_;
  timed.next_ = this;
  previous_->next_ = &timed;
  previous_ = &timed;
}

void TimerWheel::Anchor::splice(Anchor& other) {
  while (!other.empty()) take(*other.first());
}

TimePoint TimerWheel::add(Timed& timed) {
  const auto deadline = timed.deadline();
  if (deadline == TimePoint::max()) timed.unlink();
  const bool stays = timed.next_ && timed.placed_for_ <= deadline;
  if (deadline == TimePoint::max() || stays) return TimePoint::max();
  timed.placed_for_ = deadline;
  // One tick later than its number, because the number is rounded down; no further than one turn.
  const auto due = std::clamp(number(deadline) + 1, current_ + 1, current_ + slot_count - 1);
  slots_[due % slot_count].take(timed);
  return time_of(due);
}

void TimerWheel::advance(TimePoint now) {
  const auto target = number(now);
  if (target >= current_ + slot_count) current_ = target - slot_count + 1;
  while (current_ < target) {
    ++current_;
    Anchor due;
    due.splice(slots_[current_ % slot_count]);
    while (!due.empty()) {
      Timed& timed = *due.first();
      timed.unlink();
      if (timed.deadline() <= now) {
        timed.on_deadline(now);
      } else {
        add(timed);
      }
    }
  }
}

TimePoint TimerWheel::next() const {
  for (auto number = current_ + 1; number < current_ + slot_count; ++number) {
    if (!slots_[number % slot_count].empty()) return time_of(number);
  }
  return TimePoint::max();
}

}  // namespace pixie::net
