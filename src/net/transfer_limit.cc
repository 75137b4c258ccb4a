#include "net/transfer_limit.h"

#include <algorithm>
#include <ranges>

namespace pixie::net {

std::optional<TransferLimit::ComeAgain> TransferLimit::take(const wire::IpAddress& machine,
                                                            TimePoint now) {
  const wire::Endpoint key{machine, 0};
  const std::lock_guard lock(mutex_);
  if (taken_ >= most_ || !has_turn(key, now)) return wait(key, now);
  if (waiting_.erase(key) > 0) std::erase(queue_, key);
  ++taken_;
  return std::nullopt;
}

/// With places free: as many of those who wait go first, but for those who didn't come again.
bool TransferLimit::has_turn(const wire::Endpoint& machine, TimePoint now) {
  while (!queue_.empty() && waiting_[queue_.front()] < now) {
    waiting_.erase(queue_.front());
    queue_.pop_front();
  }
  const auto booting = booting_.find(machine);
  if (booting != booting_.end() && booting->second >= now) return true;
  const auto free = most_ - taken_;
  if (queue_.size() < free) return true;
  const auto first = queue_ | std::views::take(free);
  return std::ranges::find(first, machine) != first.end();
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
  if (booting_.size() >= most_remembered) {
    std::erase_if(booting_, [&](const auto& known) { return known.second < now; });
    if (booting_.size() >= most_remembered) booting_.clear();
  }
  booting_[{machine, 0}] = now + boot_pause;
}

}  // namespace pixie::net
