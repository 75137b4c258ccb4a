// The registry: everything that is known of every machine, in one place and on one thread. It watches the events, makes
// boots of them, keeps machines and history in the store, and gives the one-shots away.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "events/boot.h"
#include "events/stream.h"
#include "machines/roster.h"
#include "store/store.h"
#include "wire/error.h"
#include "wire/mac.h"

namespace pixie::registry {

/// A machine as the API and the page show it.
struct MachineView {
  store::MachineRow row;
  /// The boot that is under way, or the last one; without its steps unless one machine was asked for.
  std::optional<events::Boot> boot;
};

struct Tally {
  std::uint64_t machines = 0;
  store::InstallCounts installs;
};

enum class Refused : std::uint8_t {
  not_found,
  /// Its version is another than expected.
  changed,
  bad_token,
  /// The store can't be written; `registry.store_failed` says why.
  store,
};

/// Functions of the second part run on the registry's thread alone: within ask(), or called back by it.
class Registry final : public events::View {
 public:
  /// Becomes a view of `stream`, which takes the events that the registry itself makes too (boot.ended,
  /// machine.claimed, …). Starts its thread; reads the assignments, and what is being installed, into `roster` before
  /// it returns.
  Registry(std::unique_ptr<store::Store> store, machines::Roster& roster, events::Stream& stream);
  /// Answers what was asked, and writes what is waiting.
  ~Registry() override;

  // From any thread.

  bool wants(const events::Kind& kind) const override;
  /// Copies what it needs and returns.
  void take(const events::Record& record) override;
  /// Runs `question` on the registry's thread, in the order of asking.
  void ask(std::function<void(Registry&)> question);
  /// A machine was seen: DHCP, or a script that it asked for. The roster learns it, too.
  void saw(const wire::Mac& mac, const machines::Identity& identity);
  /// The token that a machine's callback must bring: it names the moment, and no other machine or moment fits it.
  std::string token(const wire::Mac& mac, events::Time now) const;

  // On the registry's thread.

  std::vector<MachineView> machines(std::optional<wire::Mac> after, std::size_t limit,
                                    std::string_view text);
  std::optional<MachineView> machine(const wire::Mac& mac);
  std::expected<MachineView, Refused> assign(const wire::Mac& mac,
                                             const machines::Assignment& assignment,
                                             std::optional<std::uint64_t> expected_version);
  std::expected<void, Refused> forget(const wire::Mac& mac,
                                      std::optional<std::uint64_t> expected_version);
  /// Takes the one-shot of a machine that fetches its script: committed when it returns. What was assigned until then;
  /// nothing if there is no one-shot (any more), or the store can't be written: then it must not be given.
  std::optional<machines::Assignment> claim(const wire::Mac& mac);
  /// The script with the one-shot could not be sent whole: it is there again.
  void give_back(const wire::Mac& mac, const std::string& profile);
  /// The machine's callback. `failed`: with this message.
  std::expected<void, Refused> done(const wire::Mac& mac, std::string_view token, bool failed,
                                    std::string_view message);
  std::vector<events::Boot> boots(const wire::Mac& mac);
  std::vector<events::Boot> recent_boots(std::uint64_t before, std::size_t limit);
  std::vector<events::Boot> live_boots();

  /// How many machines are known, and how their installations stand; zeros if the store can't be read.
  Tally tally();
  /// Why the store could not be written the last time; empty: it could.
  const std::string& store_problem() const;

  /// Called on the registry's thread whenever what machine() says of a machine may have changed, at most four times a
  /// second for each machine. Set before anything is asked.
  std::function<void(const MachineView&)> on_change;
  /// Whether on_change is of use now: what it is called with costs a look into the store. Empty: always.
  std::function<bool()> hears_changes;
  /// Called on the registry's thread when a machine was forgotten. Set before anything is asked.
  std::function<void(const wire::Mac&)> on_forget;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace pixie::registry
