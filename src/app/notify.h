// Messages to the service manager: sd_notify(3).
#pragma once

#include <string>

#include "tree/descriptor.h"

namespace pixie::app {

/// Connects to $NOTIFY_SOCKET when made, while the process may still reach it; does nothing if there is none.
class ServiceManager {
 public:
  ServiceManager();
  /// Sends `state`, such as `READY=1`.
  void notify(const std::string& state) const;

 private:
  tree::Descriptor socket_;
};

/// `MONOTONIC_USEC=…`, which belongs to RELOADING=1.
std::string monotonic_now();

}  // namespace pixie::app
