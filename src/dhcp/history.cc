#include "dhcp/history.h"

#include <utility>

namespace pixie::dhcp {
namespace {

constexpr unsigned rounds_with_rom = 2;
constexpr unsigned rounds_with_script = 4;

Form other(Form form) { return form == Form::primary ? Form::alternative : Form::primary; }

bool is_held(const std::optional<HistoryTime>& until, HistoryTime now) {
  return until && now < *until;
}

}  // namespace

History::History(HistoryLimits limits) : limits_(limits) {}

BootAnswer History::discover(const wire::Mac& mac, const std::optional<Uuid>& uuid, Asking asking,
                             std::uint32_t xid, HistoryTime now) {
  auto& machine = touch(mac, now);
  if (uuid && machine.uuid && uuid != machine.uuid) {
    machine = Machine{};
    machine.mac = mac;
    machine.seen = now;
  }
  if (uuid) machine.uuid = uuid;

  if (asking == Asking::ipxe) {
    forget_boot(machine);
  } else {
    count_round(machine, xid, now);
  }
  machine.asking = asking;
  auto result = answer(machine, asking, now);
  if (result.give == BootAnswer::Give::nothing) {
    result.report = !std::exchange(machine.reported, true);
    return result;
  }
  auto& form = machine.forms[std::to_underlying(asking)];
  choose_form(form, xid, now);
  result.form = form.current;
  return result;
}

BootAnswer History::request(const wire::Mac& mac, Asking asking, HistoryTime now) {
  return answer(touch(mac, now), asking, now);
}

void History::fetched(const wire::Mac& mac, Fetched what, HistoryTime now) {
  const auto found = by_mac_.find(mac);
  if (found == by_mac_.end()) return;
  auto& machine = touch(mac, now);
  auto& form = machine.forms[std::to_underlying(machine.asking)];
  if (form.first && now - form.last <= limits_.form_window) {
    form.taken = true;
    form.preferred = form.current;
  }
  if (what == Fetched::further) {
    forget_boot(machine);
  } else {
    machine.fetched = now;
  }
}

bool History::first_time(const wire::Mac& mac, std::uint8_t topic, HistoryTime now) {
  auto& topics = touch(mac, now).topics;
  if (topics.test(topic)) return false;
  topics.set(topic);
  return true;
}

/// The machine, now the one seen last.
History::Machine& History::touch(const wire::Mac& mac, HistoryTime now) {
  if (const auto found = by_mac_.find(mac); found != by_mac_.end()) {
    machines_.splice(machines_.begin(), machines_, found->second);
  } else {
    machines_.emplace_front().mac = mac;
    by_mac_.emplace(mac, machines_.begin());
    if (machines_.size() > limits_.max_machines) {
      by_mac_.erase(machines_.back().mac);
      machines_.pop_back();
    }
  }
  auto& machine = machines_.front();
  if (now - machine.seen > limits_.silence) {
    forget_boot(machine);
    machine.reported = false;
  }
  machine.seen = now;
  return machine;
}

/// What comes next is a boot of its own.
void History::forget_boot(Machine& machine) {
  machine.round = 0;
  machine.fetched.reset();
  machine.held_until.reset();
}

void History::count_round(Machine& machine, std::uint32_t xid, HistoryTime now) const {
  if (is_held(machine.held_until, now)) return;
  if (machine.held_until) forget_boot(machine);

  const auto is_recent = [&](HistoryTime time) { return now - time <= limits_.loop_window; };
  const bool repeated =
      machine.round > 0 && !machine.fetched && xid == machine.xid && is_recent(machine.asked);
  if (machine.fetched && is_recent(*machine.fetched)) {
    ++machine.round;
  } else if (!repeated) {
    machine.round = 1;
  }
  machine.fetched.reset();
  machine.xid = xid;
  machine.asked = now;
  if (machine.round > rounds_with_script) machine.held_until = now + limits_.hold;
}

void History::choose_form(FormState& state, std::uint32_t xid, HistoryTime now) const {
  const bool silent = !state.first || now - state.last > limits_.form_window;
  const bool repeated =
      !silent && !state.taken && xid == state.xid && now - *state.first < limits_.form_patience;
  state.last = now;
  if (repeated) return;
  if (silent) {
    state.current = state.preferred;
  } else if (!state.taken) {
    state.current = other(state.current);
  }
  state.taken = false;
  state.first = now;
  state.xid = xid;
}

BootAnswer History::answer(const Machine& machine, Asking asking, HistoryTime now) {
  BootAnswer result;
  result.form = machine.forms[std::to_underlying(asking)].current;
  if (asking == Asking::ipxe) {
    result.give = BootAnswer::Give::script;
    return result;
  }
  result.round = machine.round;
  if (is_held(machine.held_until, now)) {
    result.give = BootAnswer::Give::nothing;
  } else if (machine.round > rounds_with_rom) {
    result.give = BootAnswer::Give::script;
  }
  return result;
}

}  // namespace pixie::dhcp
