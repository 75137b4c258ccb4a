#include "app/fleet_watch.h"

#include <utility>

#include "events/catalogue.h"
#include "machines/read_fleet.h"

namespace pixie::app {

namespace {

/// A folder of scripts alone.
bool is_empty(const machines::Fleet& fleet) {
  return fleet.profiles().empty() && fleet.groups().empty() && fleet.machines().empty() &&
         fleet.rules().empty();
}

}  // namespace

FleetWatch::FleetWatch(std::string folder, events::Stream& events)
    : folder_(std::move(folder)), events_(events) {
  if (folder_.empty()) return;
  // First watched, then read: what changes meanwhile is read again.
  watch_.emplace(folder_);
}

FleetWatch::~FleetWatch() { stop(); }

void FleetWatch::start(Loaded loaded) {
  {
    // A fleet that is loaded meanwhile is told of before or after, not lost.
    const std::lock_guard lock(loading_);
    loaded_ = std::move(loaded);
    if (loaded_) loaded_(fleet());
  }
  watch();
}

void FleetWatch::watch() {
  if (!watch_) return;
  thread_ = std::thread([this] {
    while (watch_->wait() != net::FolderWatch::News::stopped) load();
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

void FleetWatch::set_generated(machines::Generated generated) {
  {
    const std::lock_guard lock(loading_);
    generated_ = std::move(generated);
  }
  load();
}

void FleetWatch::follow(std::string folder) {
  if (folder == folder_) return reload();
  stop();
  {
    const std::lock_guard lock(loading_);
    folder_ = std::move(folder);
  }
  watch_.reset();
  if (!folder_.empty()) watch_.emplace(folder_);
  load();
  watch();
}

void FleetWatch::load() {
  const std::lock_guard loading(loading_);
  auto sources = folder_.empty() ? machines::Sources() : machines::read_sources(folder_);
  sources.generated = generated_;
  const auto fingerprint = machines::fingerprint(sources);
  // Most of what changes in the folder are machines' own scripts.
  if (std::exchange(fingerprint_, fingerprint) == fingerprint) return;
  auto read = machines::Fleet::load(sources);
  const auto before = fleet();
  {
    const std::lock_guard lock(mutex_);
    mistakes_ = read ? std::vector<wire::Diagnostic>() : read.error();
    if (read) fleet_ = *read;
  }
  if (!read) {
    for (const auto& mistake : read.error())
      events_.emit(events::fleet_mistake, {{"reason", mistake.one_line()}});
  } else if (!is_empty(**read) || !is_empty(*before)) {
    events_.emit(events::fleet_loaded, {{"profiles", (*read)->profiles().size()},
                                        {"rules", (*read)->rules().size()},
                                        {"groups", (*read)->groups().size()},
                                        {"machines", (*read)->machines().size()}});
  }
  if (loaded_) loaded_(read ? *read : nullptr);
}

}  // namespace pixie::app
