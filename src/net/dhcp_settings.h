// What DHCP is set to do.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "dhcp/lease_plan.h"
#include "dhcp/leases6.h"
#include "wire/address.h"

namespace pixie::net {

/// Addresses to give. `prefix` (0 to 32 bits) names the network where no interface has an address in it, behind a
/// relay; 24 unless it is given.
struct DhcpRange {
  wire::IpAddress first;
  wire::IpAddress last;
  std::optional<unsigned> prefix;
  std::optional<std::chrono::seconds> lease;
};

struct DhcpSettings {
  enum class Mode : std::uint8_t { off, proxy, server };
  Mode mode = Mode::off;
  /// Names; none: all with an IPv4 address but loopback.
  std::vector<std::string> interfaces;
  std::vector<DhcpRange> ranges;
  std::optional<dhcp::Range6> range6;
  wire::IpAddress router;
  std::vector<wire::IpAddress> dns;
  std::string domain;
  std::vector<dhcp::Reservation> reservations;
  /// Serve although another DHCP server answers.
  bool force = false;
  /// The folder that leases are kept in.
  std::string state;
};

}  // namespace pixie::net
