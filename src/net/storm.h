// Many simulated machines that boot at once, on one loop of the calling thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "storm/plan.h"
#include "storm/report.h"
#include "wire/error.h"
#include "wire/mac.h"

namespace pixie::net {

struct StormOrder {
  storm::Plan plan;
  /// When each machine begins, in order; one at least.
  std::vector<storm::Duration> arrivals;
  /// That of the first machine; the others follow it.
  wire::Mac first_mac;
  std::uint64_t seed = 0;
  /// Called ten times in a second. False: the storm ends, whoever is still booting.
  std::function<bool(const storm::Progress&, const storm::Report&)> on_progress;
};

struct StormResult {
  storm::Report report;
  /// Machines that did not come to an end.
  std::size_t unfinished = 0;
  storm::Duration took{};
};

/// Blocks until all machines are done. Fails with one sentence if the machines need more open files than there may be, or
/// the relay's port can't be opened.
Expected<StormResult> run_storm(const StormOrder& order);

}  // namespace pixie::net
