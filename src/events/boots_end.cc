// How boots end: by what was seen of them and how long they have been silent.
#include <utility>

#include "events/boots.h"
#include "events/catalogue.h"

namespace pixie::events {
namespace {

Outcome when_troubled(const Trail& trail) {
  return trail.trouble->what == Trouble::What::ours ? Outcome::failed : Outcome::stalled;
}

/// How it would end if nothing more came, and after how much silence.
std::pair<Outcome, std::chrono::seconds> prospect(Stage stage, const Trail& trail,
                                                  const BootLimits& limits) {
  using enum Outcome;
  if (trail.trouble) return {when_troubled(trail), limits.after_trouble};
  if (trail.to_disk) return {local, limits.after_trouble};
  if (!trail.files.none()) {
    if (!trail.files.all_whole()) return {stalled, limits.after_silence};
    return {trail.one_shot ? installing : booted, limits.after_files};
  }
  switch (stage) {
    case Stage::dhcp:
      return {stalled, limits.after_offer};
    case Stage::rom:
      return {stalled, limits.after_rom};
    case Stage::ipxe:
      return {stalled, trail.menu ? limits.after_menu : limits.after_rom};
    default:
      break;
  }
  if (trail.without_script) return {stalled, limits.after_script};
  return {trail.one_shot ? installing : handed_over, limits.after_script};
}

bool is_bad(Outcome outcome) { return outcome == Outcome::stalled || outcome == Outcome::failed; }

}  // namespace

void Boots::end(Live& live, Outcome outcome, std::string cause) {
  auto& boot = live.boot;
  boot.outcome = outcome;
  boot.cause = std::move(cause);
  const auto mac = boot.mac;
  news_.push_back({News::What::ended, std::move(boot)});
  forget(mac);
}

void Boots::end_superseded(Live& live, Time when) {
  const auto [outcome, patience] = prospect(live.boot.stage, live.trail, limits_);
  // What went well is over, even if the next boot came sooner than the end would have been sure.
  const bool over = live.trail.to_disk || outcome == Outcome::booted ||
                    outcome == Outcome::installing || when - live.trail.heard >= patience;
  if (!over) return end(live, Outcome::superseded, {});
  if (outcome == Outcome::booted) live.boot.stage = Stage::system;
  end(live, outcome, is_bad(outcome) ? stall_cause(live.boot.stage, live.trail) : std::string());
}

void Boots::tick(Time now) {
  for (auto next = live_.begin(); next != live_.end();) {
    auto& live = (next++)->second;
    auto& boot = live.boot;
    const auto quiet = now - live.trail.heard;
    const auto [outcome, patience] = prospect(boot.stage, live.trail, limits_);
    if (quiet < patience) continue;
    if (outcome == Outcome::installing && quiet < limits_.installation) {
      // It may take hours until it calls back.
      if (std::exchange(boot.outcome, outcome) != outcome) {
        boot.stage = Stage::system;
        changed_.insert(boot.mac);
      }
      continue;
    }
    auto cause = is_bad(outcome) ? stall_cause(boot.stage, live.trail) : std::string();
    if (outcome == Outcome::booted || outcome == Outcome::installing) boot.stage = Stage::system;
    end(live, outcome, std::move(cause));
  }
}

void announce(Stream& stream, const Boots::News& news) {
  const auto& boot = news.boot;
  const auto mac = boot.mac.colons();
  if (news.what == Boots::News::What::started) return stream.emit(boot_started, {{"mac", mac}});
  const std::chrono::duration<double> took = boot.updated - boot.started;
  const auto or_dash = [](const std::string& text) {
    return text.empty() ? std::string_view("-") : std::string_view(text);
  };
  stream.emit(boot_ended, {{"mac", mac},
                           {"outcome", outcome_name(boot.outcome)},
                           {"profile", or_dash(boot.profile)},
                           {"stage", stage_name(boot.stage)},
                           {"seconds", took.count()},
                           {"cause", or_dash(boot.cause)}});
}

}  // namespace pixie::events
