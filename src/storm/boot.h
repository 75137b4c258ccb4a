// What became of one machine's boot.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "doctor/fetch.h"
#include "doctor/finding.h"
#include "storm/plan.h"

namespace pixie::storm {

enum class Step : std::uint8_t { dhcp, rom, ipxe_dhcp, script, files };
constexpr std::size_t step_count = 5;
/// `dhcp`, `rom`, `ipxe-dhcp`, `script`, `files`.
constexpr std::string_view step_name(Step step) {
  constexpr std::array<std::string_view, step_count> names{"dhcp", "rom", "ipxe-dhcp", "script",
                                                           "files"};
  return names[static_cast<std::size_t>(step)];
}

/// Why a step failed.
struct Failure {
  /// That of a finding (doctor/finding.h), or `not-tried`.
  std::string id;
  std::string cause;
  std::string remedy;

  static Failure of(const doctor::Finding& finding) {
    return {std::string(finding.id), finding.cause, finding.remedy};
  }
  /// A file that a storm doesn't fetch.
  static Failure not_tried(const std::string& url, const std::string& reason) {
    return {"not-tried", url + ": " + reason, "Let the storm's machines boot something else."};
  }
};

struct Traffic {
  /// Of files, as they came.
  std::uint64_t tftp_bytes = 0;
  std::uint64_t http_bytes = 0;
  /// Datagrams that were sent again.
  std::uint64_t repeats = 0;
  /// How often a server told the machine to come again later (503 with Retry-After).
  std::uint64_t waits = 0;
};

struct Boot {
  Step step = Step::dhcp;
  /// Nothing: all was loaded.
  std::optional<Failure> failure;
  Duration took{};
  Traffic traffic;
};

}  // namespace pixie::storm
