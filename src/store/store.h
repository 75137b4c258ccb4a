// What must outlive a restart: the machines that were seen, what is assigned to them, and the history of their boots.
// SQLite in WAL mode, one file, `pixie.db`.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/boot.h"
#include "machines/decide.h"
#include "machines/identity.h"
#include "wire/error.h"
#include "wire/mac.h"

namespace pixie::store {

using Time = events::Time;

/// How the last installation that was started by a one-shot went.
struct Install {
  std::string profile;  // empty: there was none
  enum class Status : std::uint8_t { none, started, done, failed } status = Status::none;
  Time when;
  std::string message;

  bool operator==(const Install&) const = default;
};

/// Machines by how their last installation stands.
struct InstallCounts {
  std::uint64_t started = 0;
  std::uint64_t done = 0;
  std::uint64_t failed = 0;

  bool operator==(const InstallCounts&) const = default;
};

struct MachineRow {
  wire::Mac mac;
  machines::Identity identity;
  Time first_seen;
  Time last_seen;
  machines::Assignment assignment;
  Install install;
  /// Grows with each change of what the owner set (the assignment): the entity tag of the API.
  std::uint64_t version = 0;
};

/// Whether a process other than this one has the store of this folder.
bool is_taken(const std::string& folder);

/// Used by one thread. Every function that changes something returns only when it is committed and synced; within
/// batch() that is at its end. An error says what failed (disk full, say) in one sentence; nothing was changed then.
class Store {
 public:
  /// Opens or makes the file in `folder`, which must be there. A file that is no pixie store, is damaged, or was
  /// written by a newer pixie is refused with a sentence that names it, and left as it is. Empty: in memory only.
  static Expected<std::unique_ptr<Store>> open(const std::string& folder);
  virtual ~Store() = default;

  /// Runs `work` as one transaction.
  virtual Expected<void> batch(const std::function<Expected<void>()>& work) = 0;

  /// Machines in the order of their addresses, after `after`, at most `limit`; `text` is looked for in every fact, in
  /// any case; empty: all.
  virtual Expected<std::vector<MachineRow>> machines(std::optional<wire::Mac> after,
                                                     std::size_t limit, std::string_view text) = 0;
  virtual Expected<std::optional<MachineRow>> machine(const wire::Mac& mac) = 0;
  /// Every machine that something is assigned to, for the start.
  virtual Expected<void> each_assignment(
      const std::function<void(const wire::Mac&, const machines::Assignment&)>& take) = 0;
  /// Every machine whose last script was a one-shot's, of an installation that has not told of its end, and the profile
  /// that it installs; for the start.
  virtual Expected<void> each_installation(
      const std::function<void(const wire::Mac&, const std::string&)>& take) = 0;
  virtual Expected<std::uint64_t> count() = 0;
  /// How many machines' last installation stands how; cheap, however many machines there are.
  virtual Expected<InstallCounts> count_installs() = 0;

  /// Makes the machine, or learns what is new of it.
  virtual Expected<void> saw(const wire::Mac& mac, const machines::Identity& identity,
                             Time when) = 0;
  /// Sets the assignment if the machine's version is `expected` (if one is given; 0: it must not be there yet).
  /// Makes the machine if it is not there. Returns the row; nothing if the version is another.
  virtual Expected<std::optional<MachineRow>> assign(const wire::Mac& mac,
                                                     const machines::Assignment& assignment,
                                                     std::optional<std::uint64_t> expected) = 0;
  virtual Expected<void> set_install(const wire::Mac& mac, const Install& install) = 0;
  /// With its boots. False if it was not there; nothing if the version is another.
  virtual Expected<std::optional<bool>> forget(const wire::Mac& mac,
                                               std::optional<std::uint64_t> expected) = 0;

  /// Writes a boot: a new one (id 0) gets its id, an old one is replaced. Of a machine's boots the last 50 are kept.
  virtual Expected<std::uint64_t> write(const events::Boot& boot) = 0;
  /// The newest boot of a machine, with its steps or without.
  virtual Expected<std::optional<events::Boot>> last_boot(const wire::Mac& mac,
                                                          bool with_steps) = 0;
  /// The newest first.
  virtual Expected<std::vector<events::Boot>> boots(const wire::Mac& mac) = 0;
  /// Of all machines, the newest first, those older than the boot `before` (0: from the newest), without their steps.
  virtual Expected<std::vector<events::Boot>> recent_boots(std::uint64_t before,
                                                           std::size_t limit) = 0;

  /// A secret of this store for signing callbacks, 32 bytes, made once.
  virtual Expected<std::string> secret() = 0;
};

}  // namespace pixie::store
