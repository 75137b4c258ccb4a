#include "registry/state.h"

#include <algorithm>
#include <variant>

#include "events/catalogue.h"
#include "registry/token.h"

namespace pixie::registry {
namespace {

using namespace std::chrono_literals;

/// Between two tellings of what changed.
constexpr auto change_time = 250ms;
constexpr auto tick_time = 1s;
constexpr auto tidy_time = 1min;
constexpr auto return_time = 1s;

Pending::Moment moment() { return std::chrono::steady_clock::now(); }

}  // namespace

Registry::State::State(std::unique_ptr<store::Store> store_, machines::Roster& roster_,
                       events::Stream& stream_)
    : store(std::move(store_)), roster(roster_), stream(stream_) {
  // Without the store's secret the callbacks of this process alone are known again.
  secret = told(store->secret()).value_or(make_secret());
  if (const auto filled = fill_roster(); !filled) report(filled.error());
  end_what_was_left();
}

Expected<void> Registry::State::fill_roster() {
  auto read = store->each_assignment(
      [this](const auto& mac, const auto& assignment) { roster.assign(mac, assignment); });
  if (!read) return read;
  return store->each_installation([this](const auto& mac, const auto& profile) {
    roster.learn(mac, {});
    roster.boots(mac, profile);
  });
}

void Registry::State::end_what_was_left() {
  constexpr std::size_t page = 500;
  const auto end = [this](const events::Boot& left) -> Expected<void> {
    auto all = store->boots(left.mac);
    if (!all) return std::unexpected(all.error());
    const auto boot = std::ranges::find(*all, left.id, &events::Boot::id);
    if (boot == all->end()) return {};
    boot->outcome = events::Outcome::stalled;
    boot->cause = "Pixie was stopped while it booted, and did not see how it went on.";
    const auto written = store->write(*boot);
    return written ? Expected<void>() : std::unexpected(written.error());
  };
  const auto ended = store->batch([&]() -> Expected<void> {
    // Those that were under way are among the newest.
    bool found = true;
    for (std::uint64_t before = 0; found;) {
      const auto newest = store->recent_boots(before, page);
      if (!newest) return std::unexpected(newest.error());
      found = false;
      for (const auto& boot : *newest) {
        before = boot.id;
        if (boot.outcome != events::Outcome::under_way) continue;
        found = true;
        if (auto done = end(boot); !done) return done;
      }
    }
    return {};
  });
  if (!ended) report(ended.error());
}

void Registry::State::run(Registry& registry) {
  while (auto items = inbox.take(next_moment())) {
    for (auto& item : *items) handle(registry, item);
    hear_news();
    handle_time(registry);
  }
  give_back_what_waits();
  // A moment at which also boots under way are due.
  const auto written = pending.write(*store, moment() + Pending::boot_time);
  if (!written) report(written.error());
}

void Registry::State::handle(Registry& registry, Item& item) {
  if (auto* question = std::get_if<Question>(&item)) {
    (*question)(registry);
  } else if (auto* sighting = std::get_if<Sighting>(&item)) {
    if (sighting->news) change(sighting->mac);
    pending.saw(std::move(*sighting), moment());
  } else {
    boots.take(std::get<KeptRecord>(item).record());
  }
}

void Registry::State::hear_news() {
  for (auto& news : boots.take_news()) {
    events::announce(stream, news);
    change(news.boot.mac);
    if (news.what == events::Boots::News::What::ended) {
      pending.ended(std::move(news.boot), moment());
    } else {
      pending.under_way(news.boot.mac, moment());
    }
  }
  for (const auto& mac : boots.take_changed()) {
    change(mac);
    pending.under_way(mac, moment());
  }
}

Registry::State::Moment Registry::State::next_moment() const {
  auto next = std::min(tidy_due, pending.due().value_or(Moment::max()));
  if (!changed.empty()) next = std::min(next, changes_due);
  if (!unreturned.empty()) next = std::min(next, return_due);
  if (pending.has_live()) next = std::min(next, tick_due);
  return next;
}

void Registry::State::handle_time(Registry& registry) {
  const auto now = moment();
  if (pending.has_live() && tick_due <= now) {
    tick_due = now + tick_time;
    boots.tick(std::chrono::system_clock::now());
    hear_news();
  }
  if (pending.due().value_or(Moment::max()) <= now) settle();
  if (!unreturned.empty() && return_due <= now) give_back_what_waits();
  if (!changed.empty() && changes_due <= now) tell_changes(registry);
  if (tidy_due > now) return;
  tidy_due = now + tidy_time;
  pending.tidy(now);
  if (const auto dropped = inbox.dropped()) {
    stream.emit(events::registry_crowded, {{"dropped", dropped}});
  }
}

void Registry::State::settle() {
  hear_news();
  const auto now = moment();
  if (pending.pausing(now)) return;
  if (const auto written = pending.write(*store, now); !written) return report(written.error());
  if (problem.empty()) return;
  problem.clear();
  stream.emit(events::registry_store_works, {});
}

void Registry::State::report(const Error& error) {
  problem = error.text;
  stream.emit(events::registry_store_failed, {{"reason", error.text}});
}

void Registry::State::change(const wire::Mac& mac) {
  if (changed.empty()) changes_due = std::max(changes_due, moment());
  changed.insert(mac);
}

void Registry::State::tell_changes(Registry& registry) {
  changes_due = moment() + change_time;
  const auto all = std::exchange(changed, {});
  if (!registry.on_change || (registry.hears_changes && !registry.hears_changes())) return;
  for (const auto& mac : all) {
    if (const auto view = registry.machine(mac)) registry.on_change(*view);
  }
}

std::optional<events::Boot> Registry::State::live_boot(const wire::Mac& mac) const {
  const auto* live = boots.live(mac);
  if (!live) return std::nullopt;
  auto boot = *live;
  boot.id = pending.id_of(mac);
  return boot;
}

MachineView Registry::State::view_of(store::MachineRow row, bool with_steps) {
  MachineView view{.row = std::move(row), .boot = {}};
  view.boot = live_boot(view.row.mac);
  if (!view.boot) {
    view.boot = told(store->last_boot(view.row.mac, with_steps)).value_or(std::nullopt);
  } else if (!with_steps) {
    view.boot->steps.clear();
  }
  return view;
}

Expected<void> Registry::State::write_end(const MachineView& view, const store::Install& install) {
  const auto& mac = view.row.mac;
  return store->batch([&]() -> Expected<void> {
    if (auto set = store->set_install(mac, install); !set) return set;
    if (!view.boot || boots.live(mac)) return {};
    auto boot = *view.boot;
    const bool failed = install.status == store::Install::Status::failed;
    boot.outcome = failed ? events::Outcome::failed : events::Outcome::installed;
    boot.cause = failed ? "Its installation reported: " + install.message : "";
    boot.stage = events::Stage::system;
    boot.updated = install.when;
    const auto written = store->write(boot);
    return written ? Expected<void>() : std::unexpected(written.error());
  });
}

Expected<void> Registry::State::give_back(const wire::Mac& mac, const std::string& profile) {
  const auto claim = claims.find(mac);
  if (claim == claims.end() || claim->second.profile != profile) {
    // The desk has told the roster already that it is back.
    const auto known = store->machine(mac);
    if (!known) return std::unexpected(known.error());
    roster.assign(mac, *known ? (*known)->assignment : machines::Assignment());
    return {};
  }
  std::optional<store::MachineRow> row;
  const auto returned = store->batch([&]() -> Expected<void> {
    auto known = store->machine(mac);
    if (!known) return std::unexpected(known.error());
    if (!*known) return {};
    row = std::move(**known);
    if (auto set = store->set_install(mac, claim->second.before); !set) return set;
    // The owner may have assigned another in the meantime.
    if (!row->assignment.once.empty()) return {};
    row->assignment.once = profile;
    const auto assigned = store->assign(mac, row->assignment, {});
    return assigned ? Expected<void>() : std::unexpected(assigned.error());
  });
  if (!returned) return returned;
  claims.erase(claim);
  if (!row) return {};
  roster.assign(mac, row->assignment);
  stream.emit(events::machine_given_back, {{"mac", mac.colons()}, {"profile", profile}});
  change(mac);
  return {};
}

void Registry::State::give_back_what_waits() {
  for (auto waiting = unreturned.begin(); waiting != unreturned.end();) {
    if (const auto returned = give_back(waiting->first, waiting->second); !returned) {
      report(returned.error());
      return_due = moment() + return_time;
      return;
    }
    waiting = unreturned.erase(waiting);
  }
}

}  // namespace pixie::registry
