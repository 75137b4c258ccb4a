#include "app/fleet_watch.h"

#include <algorithm>
#include <iterator>
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
  if (watch_) return watch_->poke();
  load();  // nobody watches a folder, but the ROMs may be others
}

void FleetWatch::set_images(std::shared_ptr<const images::Images> images) {
  {
    const std::lock_guard lock(loading_);
    given_ = std::move(images);
  }
  load();
}

void FleetWatch::set_roms(const roms::Catalogue& catalogue) {
  const std::lock_guard lock(loading_);
  rom_names_.assign(catalogue.overlay_files().begin(), catalogue.overlay_files().end());
}

std::shared_ptr<const images::Images> FleetWatch::images() const {
  const std::lock_guard lock(mutex_);
  return images_;
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

machines::Sources FleetWatch::gather() {
  auto sources = folder_.empty() ? machines::Sources() : machines::read_sources(folder_);
  recogniser_.use(sources.recipes, rom_names_);
  const auto fresh = recogniser_.look_at(*given_);
  sources.generated = recogniser_.generated();
  auto known = std::make_shared<const images::Images>(recogniser_.with_titles(*given_));
  tell_of(*known, fresh);
  const std::lock_guard lock(mutex_);
  images_ = std::move(known);
  return sources;
}

void FleetWatch::tell_of(const images::Images& images, const std::vector<std::string>& fresh) {
  for (const auto& name : fresh) {
    const auto& image = images.all.find(name)->second;
    if (image.recipe.empty()) {
      events_.emit(events::images_unknown, {{"file", image.file}});
    } else {
      events_.emit(events::images_recognised, {{"file", image.file},
                                               {"recipe", image.recipe},
                                               {"title", image.title},
                                               {"profiles", image.profiles.size()}});
    }
  }
}

void FleetWatch::load() {
  const std::lock_guard loading(loading_);
  const auto sources = gather();
  const auto fingerprint = machines::fingerprint(sources);
  // Most of what changes in the folder are machines' own scripts.
  if (std::exchange(fingerprint_, fingerprint) == fingerprint) return;
  auto read = machines::Fleet::load(sources);
  const auto before = fleet();
  {
    const std::lock_guard lock(mutex_);
    mistakes_ = recogniser_.mistakes();
    if (!read) std::ranges::copy(read.error(), std::back_inserter(mistakes_));
    if (read) fleet_ = *read;
  }
  for (const auto& mistake : mistakes())
    events_.emit(events::fleet_mistake, {{"reason", mistake.one_line()}});
  if (loaded_) loaded_(read ? *read : nullptr);
  if (read && (!is_empty(**read) || !is_empty(*before))) {
    events_.emit(events::fleet_loaded, {{"profiles", (*read)->profiles().size()},
                                        {"rules", (*read)->rules().size()},
                                        {"groups", (*read)->groups().size()},
                                        {"machines", (*read)->machines().size()}});
  }
}

}  // namespace pixie::app
