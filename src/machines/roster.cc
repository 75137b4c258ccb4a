#include "machines/roster.h"

#include <algorithm>

namespace pixie::machines {

std::size_t Roster::part_of(const wire::Mac& mac) {
  return std::hash<wire::Mac>{}(mac) % part_count;
}

Roster::Known Roster::look_up(const wire::Mac& mac) const {
  const auto& part = parts_[part_of(mac)];
  const std::lock_guard lock(part.mutex);
  const auto found = part.machines.find(mac);
  return found == part.machines.end() ? Known{} : found->second;
}

bool Roster::learn(const wire::Mac& mac, const Identity& seen) {
  auto& part = parts_[part_of(mac)];
  const std::lock_guard lock(part.mutex);
  auto& machines = part.machines;
  if (machines.size() >= seen_limit / part_count && !machines.contains(mac)) {
    const auto seen_only =
        std::ranges::find_if(machines, [](const auto& entry) { return !entry.second.assignment; });
    if (seen_only == machines.end()) return false;
    machines.erase(seen_only);
  }
  return machines[mac].seen.learn(seen);
}

void Roster::assign(const wire::Mac& mac, const Assignment& assignment) {
  auto& part = parts_[part_of(mac)];
  const std::lock_guard lock(part.mutex);
  if (!assignment.empty()) {
    part.machines[mac].assignment = assignment;
    return;
  }
  const auto found = part.machines.find(mac);
  if (found == part.machines.end()) return;
  found->second.assignment.reset();
  if (found->second.seen == Identity{} && found->second.booting.empty()) part.machines.erase(found);
}

void Roster::boots(const wire::Mac& mac, const std::string& profile) {
  auto& part = parts_[part_of(mac)];
  const std::lock_guard lock(part.mutex);
  const auto found = part.machines.find(mac);
  if (found != part.machines.end()) found->second.booting = profile;
}

void Roster::forget(const wire::Mac& mac) {
  auto& part = parts_[part_of(mac)];
  const std::lock_guard lock(part.mutex);
  part.machines.erase(mac);
}

std::size_t Roster::size() const {
  std::size_t count = 0;
  for (const auto& part : parts_) {
    const std::lock_guard lock(part.mutex);
    count += part.machines.size();
  }
  return count;
}

}  // namespace pixie::machines
