#include "registry/registry.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "events/catalogue.h"
#include "registry/state.h"
#include "registry/token.h"

namespace pixie::registry {
namespace {

using namespace std::chrono_literals;

constexpr auto token_life = 24h;
/// A machine's boot may have been seen to begin a little after its script was made.
constexpr auto token_slack = 1min;
constexpr std::size_t message_limit = 500;

/// One line that can be shown anywhere.
std::string plain(std::string_view message) {
  std::string text(message.substr(0, message_limit));
  std::ranges::replace_if(
      text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
  return text;
}

}  // namespace

Registry::Registry(std::unique_ptr<store::Store> store, machines::Roster& roster,
                   events::Stream& stream)
    : state_(std::make_unique<State>(std::move(store), roster, stream)) {
  state_->thread = std::thread([this] { state_->run(*this); });
  stream.add(*this);
}

Registry::~Registry() {
  state_->stream.remove(*this);
  state_->inbox.close();
  state_->thread.join();
}

bool Registry::wants(const events::Kind& kind) const { return events::Boots::concerns(kind); }

void Registry::take(const events::Record& record) {
  if (!record.text("mac").empty()) state_->inbox.put(KeptRecord(record));
}

void Registry::ask(std::function<void(Registry&)> question) {
  state_->inbox.put(std::move(question));
}

void Registry::saw(const wire::Mac& mac, const machines::Identity& identity) {
  const bool news = state_->roster.learn(mac, identity);
  state_->inbox.put(Sighting{
      .mac = mac, .identity = identity, .news = news, .when = std::chrono::system_clock::now()});
}

std::string Registry::token(const wire::Mac& mac, events::Time now) const {
  return make_token(state_->secret, mac, now);
}

std::vector<MachineView> Registry::machines(std::optional<wire::Mac> after, std::size_t limit,
                                            std::string_view text) {
  state_->settle();
  auto rows = state_->told(state_->store->machines(after, limit, text));
  std::vector<MachineView> views;
  if (!rows) return views;
  views.reserve(rows->size());
  for (auto& row : *rows) views.push_back(state_->view_of(std::move(row), false));
  return views;
}

std::optional<MachineView> Registry::machine(const wire::Mac& mac) {
  state_->settle();
  auto row = state_->told(state_->store->machine(mac)).value_or(std::nullopt);
  if (!row) return std::nullopt;
  return state_->view_of(std::move(*row), true);
}

std::expected<MachineView, Refused> Registry::assign(
    const wire::Mac& mac, const machines::Assignment& assignment,
    std::optional<std::uint64_t> expected_version) {
  state_->settle();
  auto assigned = state_->told(state_->store->assign(mac, assignment, expected_version));
  if (!assigned) return std::unexpected(Refused::store);
  if (!*assigned) return std::unexpected(Refused::changed);
  state_->roster.assign(mac, assignment);
  state_->stream.emit(
      events::machine_assigned,
      {{"mac", mac.colons()}, {"profile", assignment.profile}, {"once", assignment.once}});
  state_->change(mac);
  return state_->view_of(std::move(**assigned), true);
}

std::expected<void, Refused> Registry::forget(const wire::Mac& mac,
                                              std::optional<std::uint64_t> expected_version) {
  state_->settle();
  const auto forgotten = state_->told(state_->store->forget(mac, expected_version));
  if (!forgotten) return std::unexpected(Refused::store);
  if (!*forgotten) return std::unexpected(Refused::changed);
  if (!**forgotten) return std::unexpected(Refused::not_found);
  state_->boots.forget(mac);
  state_->pending.forget(mac);
  state_->claims.erase(mac);
  state_->unreturned.erase(mac);
  state_->changed.erase(mac);
  state_->roster.forget(mac);
  state_->stream.emit(events::machine_forgotten, {{"mac", mac.colons()}});
  if (on_forget) on_forget(mac);
  return {};
}

std::optional<machines::Assignment> Registry::claim(const wire::Mac& mac) {
  state_->give_back_what_waits();
  auto& store = *state_->store;
  const auto row = state_->told(store.machine(mac)).value_or(std::nullopt);
  if (!row || row->assignment.once.empty()) return std::nullopt;
  auto rest = row->assignment;
  rest.once.clear();
  const auto& profile = row->assignment.once;
  const auto written = store.batch([&]() -> Expected<void> {
    const auto assigned = store.assign(mac, rest, {});
    if (!assigned) return std::unexpected(assigned.error());
    return store.set_install(mac, {.profile = profile,
                                   .status = store::Install::Status::started,
                                   .when = std::chrono::system_clock::now(),
                                   .message = {}});
  });
  if (!written) {
    state_->report(written.error());
    return std::nullopt;
  }
  state_->claims[mac] = {profile, row->install};
  state_->roster.assign(mac, rest);
  state_->stream.emit(events::machine_claimed, {{"mac", mac.colons()}, {"profile", profile}});
  state_->change(mac);
  return row->assignment;
}

void Registry::give_back(const wire::Mac& mac, const std::string& profile) {
  const auto returned = state_->give_back(mac, profile);
  if (returned) return;
  state_->report(returned.error());
  state_->unreturned[mac] = profile;
}

std::expected<void, Refused> Registry::done(const wire::Mac& mac, std::string_view token,
                                            bool failed, std::string_view message) {
  const auto now = std::chrono::system_clock::now();
  const auto made = token_time(state_->secret, mac, token);
  if (!made || *made > now || now - *made > token_life) return std::unexpected(Refused::bad_token);
  const auto view = machine(mac);
  if (!view) return std::unexpected(Refused::not_found);
  if (view->boot && *made + token_slack < view->boot->started) {
    return std::unexpected(Refused::bad_token);
  }
  auto install = view->row.install;
  if (install.status != store::Install::Status::started) {
    install.profile = view->boot ? view->boot->profile : view->row.assignment.profile;
  }
  install.status = failed ? store::Install::Status::failed : store::Install::Status::done;
  install.when = now;
  install.message = plain(message);
  if (const auto written = state_->write_end(*view, install); !written) {
    state_->report(written.error());
    return std::unexpected(Refused::store);
  }
  state_->claims.erase(mac);
  state_->stream.emit(
      failed ? events::machine_failed : events::machine_done,
      {{"mac", mac.colons()}, {"profile", install.profile}, {"reason", install.message}});
  state_->change(mac);
  return {};
}

std::vector<events::Boot> Registry::boots(const wire::Mac& mac) {
  state_->settle();
  auto boots = state_->told(state_->store->boots(mac)).value_or(std::vector<events::Boot>());
  if (auto live = state_->live_boot(mac)) {
    if (!boots.empty() && boots.front().id == live->id) boots.erase(boots.begin());
    boots.insert(boots.begin(), std::move(*live));
  }
  return boots;
}

std::vector<events::Boot> Registry::recent_boots(std::uint64_t before, std::size_t limit) {
  state_->settle();
  return state_->told(state_->store->recent_boots(before, limit))
      .value_or(std::vector<events::Boot>());
}

std::vector<events::Boot> Registry::live_boots() {
  state_->hear_news();
  auto boots = state_->boots.live();
  for (auto& boot : boots) boot.id = state_->pending.id_of(boot.mac);
  return boots;
}

Tally Registry::tally() {
  state_->settle();
  auto& store = *state_->store;
  return {.machines = state_->told(store.count()).value_or(0),
          .installs = state_->told(store.count_installs()).value_or(store::InstallCounts())};
}

const std::string& Registry::store_problem() const { return state_->problem; }

}  // namespace pixie::registry
