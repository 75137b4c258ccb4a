#include "app/fleet_watch.h"

#include <utility>

#include "events/catalogue.h"
#include "machines/read_fleet.h"

namespace pixie::app {

FleetWatch::FleetWatch(std::string folder, events::Stream& events, Loaded loaded)
    : folder_(std::move(folder)), events_(events), loaded_(std::move(loaded)) {
  start();
}

FleetWatch::~FleetWatch() { stop(); }

void FleetWatch::start() {
  if (folder_.empty()) return;
  // First watched, then read: what changes meanwhile is read again.
  watch_.emplace(folder_);
  load(true);
  thread_ = std::thread([this] {
    while (watch_->wait()) load(false);
  });
}

void FleetWatch::stop() {
  if (!thread_.joinable()) return;
  watch_->stop();
  thread_.join();
}

FleetWatch::Fleet FleetWatch::fleet() const {
  const std::lock_guard lock(mutex_);
  return fleet_;
}

std::vector<wire::Diagnostic> FleetWatch::mistakes() const {
  const std::lock_guard lock(mutex_);
  return mistakes_;
}

void FleetWatch::reload() {
  if (watch_) watch_->poke();
}

void FleetWatch::follow(std::string folder) {
  if (folder == folder_) return reload();
  stop();
  watch_.reset();
  folder_ = std::move(folder);
  start();
}

void FleetWatch::load(bool at_start) {
  auto read = machines::read_fleet(folder_);
  std::vector<wire::Diagnostic> news;
  {
    const std::lock_guard lock(mutex_);
    if (!read && read.error() == mistakes_) return;
    const bool same = read && mistakes_.empty() && (*read)->same_as(*fleet_);
    if (same) return;
    mistakes_ = read ? std::vector<wire::Diagnostic>() : read.error();
    if (read) fleet_ = *read;
    news = mistakes_;
  }
  for (const auto& mistake : news)
    events_.emit(events::fleet_mistake, {{"place", mistake.place()}, {"reason", mistake.text}});
  if (read) {
    const auto& fleet = **read;
    const bool anything = !fleet.profiles().empty() || !fleet.machines().empty();
    if (anything || !at_start)
      events_.emit(events::fleet_loaded, {{"profiles", fleet.profiles().size()},
                                          {"rules", fleet.rules().size()},
                                          {"groups", fleet.groups().size()},
                                          {"machines", fleet.machines().size()}});
  }
  loaded_(read ? *read : nullptr);
}

}  // namespace pixie::app
