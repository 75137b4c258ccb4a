// By which IPv4 address the machines of the network may reach this one.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "wire/address.h"

namespace pixie::app {

struct OwnAddress {
  std::string interface;
  wire::IpAddress address;
};

/// The IPv4 addresses of all interfaces that are up but loopback, in the kernel's order.
std::vector<OwnAddress> own_addresses();

/// The one that machines are told unless somebody says otherwise: the source of packets to the
/// world, else the first; nothing without a network.
std::optional<wire::IpAddress> likely_address(const std::vector<OwnAddress>& addresses);

}  // namespace pixie::app
