// What DHCP needs of the machine, had before privileges are dropped: its ports, packet sockets where there is no
// address yet, and the files of leases.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dhcp/leases.h"
#include "dhcp/leases6.h"
#include "net/address_probe.h"
#include "net/dhcp_settings.h"
#include "net/interfaces.h"
#include "net/lease_file.h"
#include "net/packet_socket.h"
#include "tree/descriptor.h"
#include "wire/error.h"

namespace pixie::net {

struct DhcpSockets {
  std::vector<Interface> interfaces;
  /// UDP ports 67 and 4011.
  tree::Descriptor server;
  tree::Descriptor pxe;
  /// UDP ports 547 and 4011 of IPv6; empty where the kernel has no IPv6.
  tree::Descriptor server6;
  tree::Descriptor pxe6;
  /// There is something to load over IPv6; if not, addresses alone are given.
  bool serves_ipv6 = false;
  /// Server mode, as far as privileges allow; by the interface's index.
  std::vector<std::pair<std::uint32_t, PacketSocket>> frames;
  std::optional<ProbeSockets> probe;
  /// Server mode: the leases, and the file that holds the same.
  std::optional<dhcp::Leases> leases;
  std::optional<LeaseFile> lease_file;
  std::optional<dhcp::Leases6> leases6;
  std::optional<LeaseFile> lease_file6;
  /// What is missing, and what to do about it.
  std::vector<std::string> advice;
};

/// In server mode it also listens for other DHCP servers first, for four seconds, and fails if one answers, unless
/// the settings say otherwise.
/// `serves_ipv6`: TFTP and HTTP are served over IPv6, too, so that there is something to tell over DHCPv6.
Expected<DhcpSockets> open_dhcp_sockets(const DhcpSettings& settings, bool serves_ipv6);

/// The addresses to give, by the settings and the interfaces' own networks.
Expected<dhcp::LeaseSettings> lease_settings(const DhcpSettings& settings,
                                             const std::vector<Interface>& interfaces);

}  // namespace pixie::net
