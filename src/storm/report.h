// What became of all the machines of a storm.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "storm/boot.h"
#include "storm/plan.h"

namespace pixie::storm {

class Report {
 public:
  /// Machines that failed in the same step by the same cause.
  struct Cause {
    Step step;
    std::size_t count;
    /// That of the first of them: its sentences name that machine's file.
    Failure example;
  };

  void add(const Boot& boot);

  std::size_t completed() const { return times_.size(); }
  std::size_t failed() const { return failed_; }
  /// Of all machines that were added.
  const Traffic& traffic() const { return traffic_; }
  /// In the order of the boot; in a step the most frequent first.
  std::vector<Cause> causes() const;
  /// The time that this part (0 to 1) of the completed machines needed at most (nearest rank); 0 without any.
  Duration percentile(double part) const;

 private:
  std::vector<Duration> times_;
  std::size_t failed_ = 0;
  std::vector<Cause> causes_;
  Traffic traffic_;
};

/// What is going on in a storm at a moment.
struct Progress {
  std::size_t arrived = 0;
  std::size_t completed = 0;
  std::size_t failed = 0;
  /// Machines in each Step.
  std::array<std::size_t, step_count> in_step{};
};

}  // namespace pixie::storm
