// Which stage of a boot each machine is in, from what it asked and fetched, so that a boot can't go round for ever,
// and so that a machine that can't use one form of offer is tried with another.
//
// Rounds. Firmware asks by DHCP, gets a ROM, runs it; then iPXE asks, says so (user class 77 or option 175), and gets
// the script. An iPXE that doesn't say so looks like firmware, and would be given the ROM for ever. A round is counted
// where a machine asks as firmware within `loop_window` after it fetched the ROM or the script that the round before
// gave to it. Rounds 1 and 2 get the ROM: a machine that was reset early, or whose firmware tries a second way in,
// looks the same. Rounds 3 and 4 get the script. After that, nothing for `hold`.
//
// Counting starts anew once a boot got anywhere: iPXE said that it is iPXE, or the machine's own script, a kernel or
// the like was fetched. So it does if what was offered wasn't fetched, if the machine asks only after `loop_window`,
// and after `silence`. A machine that reboots every minute and gets to its script each time is never in a loop.
//
// Forms. If an offer led to no request for a file, the machine's next attempt (a new transaction id, or the same one
// still repeated after `form_patience`, as ROMs exist that use one id for ever) gets the other form, in turns, and
// back to the first after `form_window` of silence. A file fetched within `form_window` of the DISCOVER confirms the form:
// the next boot starts with it, as long as the machine is known.
// Firmware, UEFI HTTP Boot and iPXE of one machine are kept apart.
//
// A MAC that comes with another UUID (option 97) is another machine: network adapters on USB are passed around.
// UUIDs alone identify nothing, as whole series of boards share one.
//
// Memory is bounded: of more than `max_machines` the one that was silent longest is forgotten. Not thread-safe: one
// owner. `now` never goes back.
#pragma once

#include <array>
#include <bitset>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <unordered_map>

#include "wire/mac.h"

namespace pixie::dhcp {

using HistoryTime = std::chrono::steady_clock::time_point;
using Uuid = std::array<std::uint8_t, 16>;

struct HistoryLimits {
  std::chrono::seconds loop_window{60};
  std::chrono::seconds hold{120};
  std::chrono::seconds silence{300};
  std::chrono::seconds form_window{60};
  std::chrono::seconds form_patience{20};
  std::size_t max_machines = 20'000;
};

/// As what a machine asks.
enum class Asking : std::uint8_t { firmware, http_firmware, ipxe };

/// The way an offer is written; what each is, the policy says.
enum class Form : std::uint8_t { primary, alternative };

struct BootAnswer {
  enum class Give : std::uint8_t { rom, script, nothing };
  Give give = Give::rom;
  Form form = Form::primary;
  /// Round of the loop, from 1; 0 for iPXE.
  unsigned round = 0;
  /// `nothing` is given for the first time since the machine was silent: tell the operator.
  bool report = false;
};

/// What a machine fetched, by TFTP or HTTP.
enum class Fetched : std::uint8_t {
  rom,
  /// Our script that is the same for all machines: firmware could have fetched it, too, and then not run it.
  chain_script,
  /// The machine's own script, a kernel, an image: something only a boot that goes well asks for.
  further,
};

class History {
 public:
  explicit History(HistoryLimits limits = {});

  /// DHCPDISCOVER: counts, and says what to give. `xid` is the transaction id.
  BootAnswer discover(const wire::Mac& mac, const std::optional<Uuid>& uuid, Asking asking,
                      std::uint32_t xid, HistoryTime now);

  /// DHCPREQUEST or DHCPINFORM, also on port 4011: what the discover before it was told. Counts nothing.
  BootAnswer request(const wire::Mac& mac, Asking asking, HistoryTime now);

  /// A request for a file came from the machine. Nothing happens if it is not known.
  void fetched(const wire::Mac& mac, Fetched what, HistoryTime now);

  /// Whether this is the first call for this machine and topic (0 to 63, named by the caller) since the machine is
  /// known.
  bool first_time(const wire::Mac& mac, std::uint8_t topic, HistoryTime now);

  std::size_t size() const { return machines_.size(); }

 private:
  /// Which form the machine is given when it asks as one of Asking.
  struct FormState {
    /// What an attempt after silence starts with.
    Form preferred = Form::primary;
    Form current = Form::primary;
    /// The offer of `current` led to a request for a file.
    bool taken = false;
    std::uint32_t xid = 0;
    /// First and last DISCOVER of this attempt; none yet: nullopt.
    std::optional<HistoryTime> first;
    HistoryTime last;
  };

  struct Machine {
    wire::Mac mac;
    std::optional<Uuid> uuid;
    HistoryTime seen;

    std::array<FormState, 3> forms;
    /// The state that the last DISCOVER used.
    Asking asking = Asking::firmware;

    /// 0: none yet.
    unsigned round = 0;
    /// Of the last DISCOVER as firmware.
    std::uint32_t xid = 0;
    HistoryTime asked;
    /// When what this round gave was fetched last; nullopt: not yet.
    std::optional<HistoryTime> fetched;
    std::optional<HistoryTime> held_until;
    bool reported = false;

    std::bitset<64> topics;
  };

  Machine& touch(const wire::Mac& mac, HistoryTime now);
  void touch(Machine& machine, HistoryTime now) const;
  static void forget_boot(Machine& machine);
  void count_round(Machine& machine, std::uint32_t xid, HistoryTime now) const;
  void choose_form(FormState& state, std::uint32_t xid, HistoryTime now) const;
  static BootAnswer answer(const Machine& machine, Asking asking, HistoryTime now);

  HistoryLimits limits_;
  /// The one seen last first.
  std::list<Machine> machines_;
  std::unordered_map<wire::Mac, std::list<Machine>::iterator> by_mac_;
};

}  // namespace pixie::dhcp
