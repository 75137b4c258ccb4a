// What the registry has heard and not yet written: grouped, so that a rack that is switched on costs a few transactions
// and not thousands, and kept while the store can't be written. No clock: the time goes in.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "events/boot.h"
#include "registry/inbox.h"
#include "store/store.h"
#include "wire/error.h"
#include "wire/mac.h"

namespace pixie::registry {

/// Used by one thread.
class Pending {
 public:
  using Moment = std::chrono::steady_clock::time_point;
  /// What comes within this time goes into one transaction.
  static constexpr auto group_time = std::chrono::milliseconds(100);
  /// A boot under way is written at most this often,
  static constexpr auto boot_time = std::chrono::seconds(1);
  /// a machine of which nothing is new at most this often.
  static constexpr auto seen_time = std::chrono::minutes(1);
  /// Between tries to write to a store that fails: at first, and at most.
  static constexpr auto first_pause = std::chrono::seconds(1);
  static constexpr auto longest_pause = std::chrono::minutes(1);
  /// Of each, while the store fails. New machines beyond it, and the oldest ended boots, are let go.
  static constexpr std::size_t limit = 1 << 16;
  /// Machines in the store; new ones beyond it are not written: anybody can make up addresses.
  static constexpr std::uint64_t machine_limit = 1'000'000;

  /// The machine's boot under way as it is now, or null.
  using BootOf = std::function<const events::Boot*(const wire::Mac&)>;

  explicit Pending(BootOf boot_of) : boot_of_(std::move(boot_of)) {}

  void saw(Sighting sighting, Moment now);
  /// The machine's boot under way has begun, or has changed.
  void under_way(const wire::Mac& mac, Moment now);
  /// The machine's boot under way has ended.
  void ended(events::Boot boot, Moment now);
  void forget(const wire::Mac& mac);

  /// When write() has something to do; nothing: not until more comes.
  std::optional<Moment> due() const;
  /// Writes what waits in one transaction; boots under way only if their time has come. An error: it waits on.
  Expected<void> write(store::Store& store, Moment now);
  /// Whether the last write failed, and it is too early for the next.
  bool pausing(Moment now) const { return retry_ && now < *retry_; }

  /// The id of the machine's boot under way; 0 if it was not written yet.
  std::uint64_t id_of(const wire::Mac& mac) const;
  bool has_live() const { return !live_.empty(); }
  /// Forgets which machines were written so long ago that it does not matter.
  void tidy(Moment now);

 private:
  using Ids = std::vector<std::pair<wire::Mac, std::uint64_t>>;

  Expected<void> write_sightings(store::Store& store) const;
  Expected<void> write_boots(store::Store& store, bool all, Ids& ids) const;
  void written(bool all, const Ids& ids, Moment now);
  void group_until(Moment when);

  std::unordered_map<wire::Mac, Sighting> seen_;
  /// When each was written last.
  std::unordered_map<wire::Mac, Moment> seen_written_;
  const BootOf boot_of_;
  /// The boots under way with their ids; 0: not written yet.
  std::unordered_map<wire::Mac, std::uint64_t> live_;
  /// Those of them that are to be written.
  std::unordered_set<wire::Mac> changed_;
  std::vector<events::Boot> ended_;

  std::optional<Moment> group_due_;
  std::optional<Moment> boots_due_;
  Moment boots_written_{};
  std::optional<Moment> retry_;
  std::chrono::seconds pause_ = first_pause;
};

}  // namespace pixie::registry
