#include "registry/pending.h"

#include <algorithm>
#include <utility>

namespace pixie::registry {

void Pending::group_until(Moment when) {
  if (!group_due_) group_due_ = when;
}

void Pending::saw(Sighting sighting, Moment now) {
  if (!sighting.news) {
    const auto last = seen_written_.find(sighting.mac);
    if (last != seen_written_.end() && now - last->second < seen_time) return;
  }
  const auto known = seen_.find(sighting.mac);
  if (known != seen_.end()) {
    known->second.identity.learn(sighting.identity);
    known->second.when = sighting.when;
  } else if (seen_.size() < limit) {
    seen_.emplace(sighting.mac, std::move(sighting));
  }
  group_until(now + group_time);
}

void Pending::under_way(const wire::Mac& mac, Moment now) {
  changed_.insert(mac);
  // The first time it gets its id: soon.
  if (live_[mac] == 0) group_until(now + group_time);
  if (!boots_due_) boots_due_ = std::max(now + group_time, boots_written_ + boot_time);
}

void Pending::ended(events::Boot boot, Moment now) {
  boot.id = id_of(boot.mac);
  live_.erase(boot.mac);
  changed_.erase(boot.mac);
  if (ended_.size() >= limit) ended_.erase(ended_.begin());
  ended_.push_back(std::move(boot));
  group_until(now + group_time);
}

void Pending::forget(const wire::Mac& mac) {
  seen_.erase(mac);
  seen_written_.erase(mac);
  live_.erase(mac);
  changed_.erase(mac);
  std::erase_if(ended_, [&](const auto& boot) { return boot.mac == mac; });
}

std::uint64_t Pending::id_of(const wire::Mac& mac) const {
  const auto found = live_.find(mac);
  return found == live_.end() ? 0 : found->second;
}

std::optional<Pending::Moment> Pending::due() const {
  auto due = group_due_;
  if (boots_due_ && (!due || *boots_due_ < *due)) due = boots_due_;
  if (due && retry_) due = std::max(*due, *retry_);
  return due;
}

Expected<void> Pending::write_sightings(store::Store& store) const {
  if (seen_.empty()) return {};
  const auto count = store.count();
  if (!count) return std::unexpected(count.error());
  const bool full = *count >= machine_limit;
  for (const auto& [mac, sighting] : seen_) {
    if (full) {
      const auto known = store.machine(mac);
      if (known && !*known) continue;
    }
    if (auto saw = store.saw(mac, sighting.identity, sighting.when); !saw) return saw;
  }
  return {};
}

Expected<void> Pending::write_boots(store::Store& store, bool all, Ids& ids) const {
  for (const auto& boot : ended_) {
    if (auto id = store.write(boot); !id) return std::unexpected(id.error());
  }
  for (const auto& mac : changed_) {
    const auto known = id_of(mac);
    const auto* live = boot_of_(mac);
    if (!live || !(all || known == 0)) continue;
    auto boot = *live;
    boot.id = known;
    const auto id = store.write(boot);
    if (!id) return std::unexpected(id.error());
    ids.emplace_back(mac, *id);
  }
  return {};
}

Expected<void> Pending::write(store::Store& store, Moment now) {
  const bool all = boots_due_ && *boots_due_ <= now;
  if (!all && !group_due_) return {};
  Ids ids;
  const auto result = store.batch([&] {
    auto done = write_sightings(store);
    return done ? write_boots(store, all, ids) : done;
  });
  if (!result) {
    retry_ = now + pause_;
    pause_ = std::min<std::chrono::seconds>(2 * pause_, longest_pause);
    return result;
  }
  written(all, ids, now);
  return {};
}

void Pending::written(bool all, const Ids& ids, Moment now) {
  for (const auto& [mac, sighting] : seen_) seen_written_[mac] = now;
  seen_.clear();
  ended_.clear();
  for (const auto& [mac, id] : ids) {
    live_[mac] = id;
    changed_.erase(mac);
  }
  group_due_.reset();
  if (all) {
    boots_written_ = now;
    boots_due_.reset();
  }
  retry_.reset();
  pause_ = first_pause;
}

void Pending::tidy(Moment now) {
  std::erase_if(seen_written_, [&](const auto& entry) { return now - entry.second >= seen_time; });
}

}  // namespace pixie::registry
