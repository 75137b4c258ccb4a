// How long a blocking exchange may wait: until a deadline, or until it is called off.
#pragma once

#include <poll.h>

#include <expected>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <string>

#include "net/timer_wheel.h"
#include "tree/descriptor.h"
#include "wire/address.h"

namespace pixie::net {

/// For one thread. Only a stop may come from another one.
class Patience {
 public:
  explicit Patience(TimePoint deadline, const std::stop_token& stop = {});
  Patience(const Patience&) = delete;

  /// Waits until one of `descriptors` (at most 16) is ready, as poll() does, but not beyond `until`. 0, or why it ended:
  /// ETIMEDOUT, ECANCELED, or what poll() says.
  int wait(std::span<pollfd> descriptors, TimePoint until) const;
  int wait(int descriptor, short events) const;

  TimePoint deadline() const { return deadline_; }
  /// Begins anew.
  void renew(TimePoint deadline) { deadline_ = deadline; }
  /// From now to the deadline, shared among `parts`: when the first of them ends.
  TimePoint share(std::size_t parts) const;

 private:
  TimePoint deadline_;
  /// Readable once the stop was requested.
  tree::Descriptor stopped_;
  std::optional<std::stop_callback<std::function<void()>>> on_stop_;
};

/// A connected, non-blocking TCP socket, or an errno.
std::expected<tree::Descriptor, int> connect_tcp(const wire::Endpoint& server,
                                                 const Patience& patience, TimePoint until);

/// As strerror(), in words for an exchange that has no more time.
std::string wait_error(int error);

}  // namespace pixie::net
