// What all machines of a storm have in common, and what they need of the network.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dhcp/packet.h"
#include "doctor/client.h"
#include "wire/address.h"
#include "wire/cursor.h"

namespace pixie::storm {

using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;
using Duration = Clock::duration;

struct Plan {
  doctor::ClientKind kind;
  /// Servers that each machine's DHCP messages are relayed to, as by a relay agent at `own_address`. None: no DHCP, the
  /// firmware loads `rom`, and iPXE `script`.
  std::vector<wire::IpAddress> dhcp_servers;
  wire::IpAddress own_address = wire::IpAddress::v4(127, 0, 0, 1);
  /// URLs.
  std::string rom;
  std::string script;
  /// The part of the datagrams, in either direction, that gets lost: 0 to 1.
  double loss = 0;
  /// How long machines pause between two steps, on average.
  Duration think{};
  /// So long a machine bears silence before it gives up.
  Duration patience = std::chrono::seconds(30);
  /// Whether servers may have public addresses.
  bool public_servers = false;
};

/// One machine's way to the network: what it sends. What comes back is for the driver to tell the machine, never from
/// within a call of these.
class Link {
 public:
  virtual ~Link() = default;

  /// To port 67 by the relay's port 67, to port 4011 by port 68.
  virtual void send_dhcp(const wire::Endpoint& to, const dhcp::Packet& packet) = 0;
  /// A DHCP server that has given any machine of this storm an address.
  virtual std::optional<wire::IpAddress> known_dhcp_server() const = 0;
  /// From now on datagrams are sent from a new port; what comes to the former is lost, and a connection is closed. 0, or
  /// an errno.
  virtual int open_port(const wire::Endpoint& server) = 0;
  /// 0, or an errno: also that of an earlier datagram (ECONNREFUSED).
  virtual int send(const wire::Endpoint& to, wire::Bytes datagram) = 0;
  /// Sends an HTTP/1.1 request without a body, over the connection to that server where there is one.
  virtual void ask(const wire::Endpoint& server, std::string_view request) = 0;
  /// Closes the port, or the connection: nothing is wanted from it any more.
  virtual void close() = 0;
};

}  // namespace pixie::storm
