// A boot of one machine as its timeline shows it: the steps that were seen, how far it came, and how it ended.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "wire/mac.h"

namespace pixie::events {

using Time = std::chrono::system_clock::time_point;

/// How far a boot came.
enum class Stage : std::uint8_t {
  dhcp,     // it asked for an address or a boot file
  rom,      // it loads its iPXE ROM
  ipxe,     // iPXE runs: DHCP as iPXE, or the chain script
  script,   // it has its own script
  loading,  // it loads kernel, initrd, or whatever else its script names
  system,   // all of it was sent: what it loaded runs now
};

enum class Outcome : std::uint8_t {
  under_way,
  booted,       // what it loaded was sent whole, and it went quiet
  local,        // it was sent to its local disk
  handed_over,  // it got its script and fetched nothing more here
  installing,   // a one-shot was given and did not call back yet
  installed,    // it called back
  failed,       // it called back with an error, or a transfer ended on our side
  stalled,      // it fell silent where it should have gone on
  superseded,   // it began anew before it had come anywhere
};

std::string_view stage_name(Stage stage);
std::string_view outcome_name(Outcome outcome);

struct BootStep {
  Time at;
  /// The event's id: `dhcp.offered`, `tftp.done`, `http.done`, `boot.script`, …
  std::string event;
  /// The file or path, or what the event says, for people.
  std::string text;
  std::uint64_t bytes = 0;
  double seconds = 0;

  bool operator==(const BootStep&) const = default;
};

struct Boot {
  /// Grows with each boot of any machine; 0 until the store gave it one.
  std::uint64_t id = 0;
  wire::Mac mac;
  Time started;
  Time updated;
  Stage stage = Stage::dhcp;
  Outcome outcome = Outcome::under_way;
  /// Why it stalled or failed, and what to do: one sentence; else empty.
  std::string cause;
  /// What it was given, and why (machines::because_name()); empty until it asked for its script.
  std::string profile;
  std::string because;
  /// Of the files that it loads after its script: sent so far, and the size of those it asked for.
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_total = 0;
  /// The first 200; further ones are counted.
  std::vector<BootStep> steps;
  std::uint64_t steps_left_out = 0;

  bool operator==(const Boot&) const = default;
};

}  // namespace pixie::events
