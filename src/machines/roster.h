// What is known of each machine at this moment and decides what it boots: the facts that were seen of it, and what is
// assigned to it. All loops ask it for every script, the registry fills it.
#pragma once

#include <array>
#include <cstddef>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "machines/decide.h"
#include "machines/identity.h"
#include "wire/mac.h"

namespace pixie::machines {

/// May be used from any thread: the machines are spread over many locks, each held for a copy at most.
class Roster {
 public:
  struct Known {
    Identity seen;
    std::optional<Assignment> assignment = {};
    /// The profile of the script that it got last; empty: none, or another script. Templates that it fetches later are
    /// of this boot, whatever became of a one-shot.
    std::string booting = {};
  };
  /// Empty if nothing is known.
  Known look_up(const wire::Mac& mac) const;

  /// Of machines that nothing is assigned to, about seen_limit are kept: addresses are easily made up. Beyond that a
  /// new one takes the place of another. Whether anything of it is new.
  bool learn(const wire::Mac& mac, const Identity& seen);
  /// An empty assignment takes away what was assigned.
  void assign(const wire::Mac& mac, const Assignment& assignment);
  /// What a machine that is known boots now.
  void boots(const wire::Mac& mac, const std::string& profile);
  void forget(const wire::Mac& mac);
  std::size_t size() const;

  static constexpr std::size_t seen_limit = 1 << 18;

 private:
  static constexpr std::size_t part_count = 64;
  struct Part {
    mutable std::mutex mutex;
    std::unordered_map<wire::Mac, Known> machines;
  };
  static std::size_t part_of(const wire::Mac& mac);

  std::array<Part, part_count> parts_;
};

}  // namespace pixie::machines
