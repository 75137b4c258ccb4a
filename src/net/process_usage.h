// What programs of this machine use, by the kernel's accounts (proc(5)).
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "net/socket.h"

namespace pixie::net {

/// Of some processes and all their descendants; children that have ended count with their parents.
struct ProcessUsage {
  double cpu_seconds = 0;
  /// Now, and at most ever: resident memory.
  std::uint64_t resident_bytes = 0;
  std::uint64_t peak_bytes = 0;
};

/// Nothing if one of the processes is not there.
std::optional<ProcessUsage> process_usage(std::span<const int> processes);

/// Who holds a port on this machine, if that can be known.
std::optional<int> port_owner_process(std::uint16_t port, Transport transport);

}  // namespace pixie::net
