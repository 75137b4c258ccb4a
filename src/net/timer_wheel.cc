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

void TimerWheel::add(Timed& timed) {
  const auto deadline = timed.deadline();
  if (deadline == TimePoint::max()) return timed.unlink();
  if (timed.next_ && timed.placed_for_ <= deadline) return;
  timed.placed_for_ = deadline;
  // One tick later than its number, because the number is rounded down; no further than one turn.
  const auto due = std::clamp(number(deadline) + 1, current_ + 1, current_ + slot_count - 1);
  slots_[due % slot_count].take(timed);
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

bool TimerWheel::empty() const {
  return std::ranges::all_of(slots_, [](const Anchor& slot) { return slot.empty(); });
}

}  // namespace pixie::net
