#include "net/transfer_limit.h"

#include <algorithm>
#include <ranges>

namespace pixie::net {

std::optional<TransferLimit::ComeAgain> TransferLimit::take(const wire::IpAddress& machine,
                                                            TimePoint now) {
  const wire::Endpoint key{machine, 0};
  const std::lock_guard lock(mutex_);
  if (taken_ >= most_ || !has_turn(key, now)) return wait(key, now);
  leave_queue(key);
  ++taken_;
  ++places_[key];
  return std::nullopt;
}

/// With places free: as many of those who wait go first, but for those who didn't come again. Who has its share goes
/// to the end of the queue.
bool TransferLimit::has_turn(const wire::Endpoint& machine, TimePoint now) {
  while (!queue_.empty() && waiting_[queue_.front()] < now) {
    waiting_.erase(queue_.front());
    queue_.pop_front();
  }
  if (has_its_share(machine)) {
    leave_queue(machine);
    return false;
  }
  const auto booting = booting_.find(machine);
  if (booting != booting_.end() && booting->second >= now) return true;
  const auto free = most_ - taken_;
  if (queue_.size() < free) return true;
  const auto first = queue_ | std::views::take(free);
  return std::ranges::find(first, machine) != first.end();
}

void TransferLimit::leave_queue(const wire::Endpoint& machine) {
  if (waiting_.erase(machine) > 0) std::erase(queue_, machine);
}

/// It has a place, and as many as there are for each if those who wait without one had theirs.
bool TransferLimit::has_its_share(const wire::Endpoint& machine) const {
  const auto held = places_.find(machine);
  if (held == places_.end()) return false;
  const auto others = static_cast<std::size_t>(std::ranges::count_if(
      queue_, [this](const auto& waiting) { return !places_.contains(waiting); }));
  return others > 0 && held->second >= most_ / (others + places_.size());
}

/// Not all are to come at the same moment.
std::chrono::seconds TransferLimit::wait(const wire::Endpoint& machine, TimePoint now) {
  const std::chrono::seconds pause(1 + turned_away_++ % 5);
  const bool known = waiting_.contains(machine);
  if (!known && queue_.size() >= most_remembered) return pause;
  if (!known) queue_.push_back(machine);
  waiting_[machine] = now + pause + grace;
  return pause;
}

void TransferLimit::give_back(const wire::IpAddress& machine, TimePoint now) {
  const std::lock_guard lock(mutex_);
  --taken_;
  const auto held = places_.find({machine, 0});
  if (--held->second == 0) places_.erase(held);
  if (booting_.size() >= most_remembered) {
    std::erase_if(booting_, [&](const auto& known) { return known.second < now; });
    if (booting_.size() >= most_remembered) booting_.clear();
  }
  booting_[{machine, 0}] = now + boot_pause;
}

}  // namespace pixie::net
