// How many answers an address may leave unconfirmed. A forged request has a block sent to somebody who never asked, and
// who confirms nothing. Each answer takes a place and its first ACK gives it back, so that clients that go on are not
// limited, however many share an address behind a router that translates.
#pragma once

#include <chrono>
#include <cstddef>
#include <unordered_map>

#include "wire/address.h"
#include "wire/allowance.h"

namespace pixie::tftp {

/// Not thread-safe. Memory is bounded: beyond `most_sources` those are forgotten that have all their places, else all.
class Unconfirmed {
 public:
  using TimePoint = wire::Allowance::TimePoint;
  static constexpr std::size_t most_sources = 16'384;

  /// So many at once to one address, and as many more each second; 0: no limit.
  explicit Unconfirmed(std::size_t most) : most_(static_cast<double>(most)) {}

  /// False: no answer may be sent. Of IPv6 the network of 64 bits counts, as a host has all its addresses.
  bool take(const wire::IpAddress& source, TimePoint now);
  /// An answer to `source` was confirmed.
  void give_back(const wire::IpAddress& source);

 private:
  const double most_;
  /// By the source's address; the port is 0.
  std::unordered_map<wire::Endpoint, wire::Allowance> sources_;
};

}  // namespace pixie::tftp
