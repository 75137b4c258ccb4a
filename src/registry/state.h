// The registry's own state. Its thread alone touches it, but for the inbox, the secret and the roster.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "events/boots.h"
#include "events/stream.h"
#include "machines/roster.h"
#include "registry/inbox.h"
#include "registry/pending.h"
#include "registry/registry.h"
#include "store/store.h"
#include "wire/mac.h"

namespace pixie::registry {

struct Registry::State {
  using Moment = Pending::Moment;

  /// Reads the secret, and the assignments and installations under way into the roster; ends the boots that an earlier
  /// process left.
  State(std::unique_ptr<store::Store> store_, machines::Roster& roster_, events::Stream& stream_);

  Expected<void> fill_roster();
  void end_what_was_left();

  /// Works until the inbox is closed and empty.
  void run(Registry& registry);
  void handle(Registry& registry, Item& item);
  void handle_time(Registry& registry);
  Moment next_moment() const;
  void hear_news();
  void tell_changes(Registry& registry);

  /// Writes what waits, so that what is read next has it, unless the store is failing.
  void settle();
  void report(const Error& error);
  /// The value; nothing if there is an error, which is reported.
  template <class Value>
  std::optional<Value> told(Expected<Value> result) {
    if (result) return std::move(*result);
    report(result.error());
    return std::nullopt;
  }

  MachineView view_of(store::MachineRow row, bool with_steps);
  /// The machine's boot under way.
  std::optional<events::Boot> live_boot(const wire::Mac& mac) const;
  /// Writes how an installation ended, also into the boot that began it if that is under way no more.
  Expected<void> write_end(const MachineView& view, const store::Install& install);
  /// What machine() says of it changed.
  void change(const wire::Mac& mac);
  /// An error: it is still to be done.
  Expected<void> give_back(const wire::Mac& mac, const std::string& profile);
  void give_back_what_waits();

  const std::unique_ptr<store::Store> store;
  machines::Roster& roster;
  events::Stream& stream;
  std::string secret;
  Inbox inbox;

  events::Boots boots;
  Pending pending{[this](const wire::Mac& mac) { return boots.live(mac); }};
  std::string problem;
  /// One-shots that were taken, and how the installation before them stood.
  struct Claim {
    std::string profile;
    store::Install before;
  };
  std::unordered_map<wire::Mac, Claim> claims;
  /// Those that came back while the store could not be written.
  std::unordered_map<wire::Mac, std::string> unreturned;
  Moment return_due{};
  std::unordered_set<wire::Mac> changed;
  Moment changes_due{};
  Moment tick_due{};
  Moment tidy_due{};

  std::thread thread;
};

}  // namespace pixie::registry
