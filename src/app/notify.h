// Messages to the service manager: sd_notify(3).
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "tree/descriptor.h"

namespace pixie::app {

/// Connects to $NOTIFY_SOCKET when made, while the process may still reach it; does nothing if there is none.
class ServiceManager {
 public:
  ServiceManager();
  /// Sends `state`, such as `READY=1`.
  void notify(const std::string& state) const;
  /// How often it wants to hear WATCHDOG=1: half of the time after which it takes us for hung (sd_watchdog_enabled(3)).
  /// Nothing: it doesn't.
  std::optional<std::chrono::microseconds> watchdog() const { return watchdog_; }

 private:
  tree::Descriptor socket_;
  std::optional<std::chrono::microseconds> watchdog_;
};

/// `MONOTONIC_USEC=…`, which belongs to RELOADING=1.
std::string monotonic_now();

}  // namespace pixie::app
