// Which other DHCP servers answer on a network: asked as a client that has no address asks, by a broadcast below IP.
// Blocking: for the start of the server, and for commands.
#pragma once

#include <chrono>
#include <vector>

#include "dhcp/packet.h"
#include "net/interfaces.h"
#include "wire/address.h"
#include "wire/error.h"
#include "wire/mac.h"

namespace pixie::net {

struct DhcpAnswer {
  /// Option 54; the source address if it is missing.
  wire::IpAddress server_identifier;
  /// Of the server, or of the relay that passed the answer on.
  wire::Endpoint source;
  wire::Mac source_mac;
  /// Since the request was sent.
  std::chrono::milliseconds took{};
  dhcp::Packet packet;
};

/// A DISCOVER of a machine that nobody knows: a random MAC (locally administered) and xid, no boot client, wants to be
/// answered by broadcast.
dhcp::Packet unknown_discover();

/// Sends `request` once from port 68 to port 67 and collects for `wait`, never shorter, what answers it: replies of any
/// type with its xid and chaddr, in the order in which they came, at most 64. A server on this machine is not heard: a
/// broadcast does not come back to who sent it. Fails if the interface can't be used or CAP_NET_RAW is missing.
Expected<std::vector<DhcpAnswer>> ask_dhcp_servers(const Interface& interface,
                                                   const dhcp::Packet& request,
                                                   std::chrono::milliseconds wait);

/// Long enough for dnsmasq, which offers an address that it does not know only after it has pinged it for three seconds.
constexpr std::chrono::milliseconds server_patience = std::chrono::seconds(4);

/// The OFFERs of an address that answer unknown_discover(): each holds an address for a moment at its server.
Expected<std::vector<DhcpAnswer>> find_dhcp_servers(
    const Interface& interface, std::chrono::milliseconds wait = server_patience);

}  // namespace pixie::net
