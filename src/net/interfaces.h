// This machine's network interfaces, and which of them DHCP works on.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "wire/address.h"
#include "wire/error.h"
#include "wire/mac.h"

namespace pixie::net {

/// One of an interface's IPv4 addresses.
struct InterfaceAddress {
  wire::IpAddress address;
  /// How many of its 32 bits name the network.
  unsigned prefix = 32;

  bool operator==(const InterfaceAddress&) const = default;
  /// Whether `other` is of the network that this address is in.
  bool shares_network(const wire::IpAddress& other) const;
};

struct Interface {
  std::string name;
  /// The kernel's number.
  std::uint32_t index = 0;
  /// Zero where there is no Ethernet address.
  wire::Mac mac;
  /// The first IPv4 address, unspecified if there is none, and its prefix (0 to 32 bits).
  wire::IpAddress address;
  unsigned prefix = 0;
  /// All IPv4 addresses, in the kernel's order.
  std::vector<InterfaceAddress> addresses;
  /// The first global or unique local address (RFC 4193).
  std::optional<wire::IpAddress> ipv6;
  std::optional<wire::IpAddress> ipv6_link_local;
  /// As the administrator has set it; the cable may be out.
  bool up = false;
  bool loopback = false;

  bool has_ipv4() const { return !addresses.empty(); }
  /// Whether a network of this interface has `candidate` in it.
  bool reaches(const wire::IpAddress& candidate) const;
};

/// The VLAN that the name of an interface tells: `eth0.12`, `vlan12`; empty if it tells none.
std::string_view vlan_of(std::string_view interface_name);

/// All interfaces of the calling thread's network namespace, by their index. Fails if the kernel can't tell.
Expected<std::vector<Interface>> interfaces();

/// Those of `existing` with these names, in the order of the names; without names all that are up and have an IPv4
/// address, but loopback. Fails if that is none, and if a named one does not exist, is down, or has no IPv4 address.
Expected<std::vector<Interface>> choose_interfaces(std::span<const std::string> names,
                                                   std::vector<Interface> existing);
/// The same among interfaces().
Expected<std::vector<Interface>> choose_interfaces(std::span<const std::string> names);

}  // namespace pixie::net
