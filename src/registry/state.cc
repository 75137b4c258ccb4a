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
constexpr auto tidy_time = 1min;
constexpr auto return_time = 1s;

Pending::Moment moment() { return std::chrono::steady_clock::now(); }

}  // namespace

Registry::State::State(std::unique_ptr<store::Store> store_, machines::Roster& roster_,
                       events::Stream& stream_)
    : store(std::move(store_)), roster(roster_), stream(stream_) {
  // Without the store's secret the callbacks of this process alone are known again.
  secret = told(store->secret()).value_or(make_secret());
  const auto read = store->each_assignment(
      [this](const auto& mac, const auto& assignment) { roster.assign(mac, assignment); });
  if (!read) report(read.error());
}

void Registry::State::run(Registry& registry) {
  while (auto items = inbox.take(next_moment())) {
    for (auto& item : *items) handle(registry, item);
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
  }
}

Registry::State::Moment Registry::State::next_moment() const {
  auto next = std::min(tidy_due, pending.due().value_or(Moment::max()));
  if (!changed.empty()) next = std::min(next, changes_due);
  if (!unreturned.empty()) next = std::min(next, return_due);
  return next;
}

void Registry::State::handle_time(Registry& registry) {
  const auto now = moment();
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
  for (const auto& mac : std::exchange(changed, {})) {
    if (!registry.on_change) continue;
    if (const auto view = registry.machine(mac)) registry.on_change(*view);
  }
}

MachineView Registry::State::view_of(store::MachineRow row, bool with_steps) {
  MachineView view{.row = std::move(row), .boot = {}};
  view.boot = told(store->last_boot(view.row.mac, with_steps)).value_or(std::nullopt);
  return view;
}

Expected<void> Registry::State::give_back(const wire::Mac& mac, const std::string& profile) {
  const auto claim = claims.find(mac);
  if (claim == claims.end() || claim->second.profile != profile) return {};
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
