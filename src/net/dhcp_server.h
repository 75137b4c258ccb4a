// DHCPv4 on one loop: datagrams from ports 67 and 4011 go to dhcp::Responder, its answers go out, what happened is an
// event. Addresses that were never given are asked about on the wire first; every lease is in its file before the
// client hears of it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "dhcp/history.h"
#include "dhcp/leases.h"
#include "dhcp/responder.h"
#include "machines/identity.h"
#include "net/address_probe.h"
#include "net/dhcp_sockets.h"
#include "net/loop.h"
#include "net/udp.h"

namespace pixie::net {

/// Belongs to its loop.
class DhcpServer {
 public:
  /// Called when a machine behind a relay has got an address.
  using Learned = std::function<void(const wire::IpAddress& address, const wire::Mac& machine)>;

  /// Called with what a boot client's message tells of it.
  using Seen = std::function<void(const wire::Mac& machine, const machines::Identity& who)>;

  /// Takes its part out of `sockets`.
  DhcpServer(Loop& loop, dhcp::ResponderSettings settings, Learned learned, Seen seen,
             DhcpSockets& sockets);
  ~DhcpServer();

  /// A machine fetched a file. From the loop's thread.
  void fetched(const wire::Mac& mac, dhcp::Fetched what);

 private:
  class Socket;
  /// A discover that waits until it is known whether somebody has the address that it would get.
  struct Checking {
    dhcp::Packet request;
    dhcp::Arrival arrival;
    std::uint32_t interface;
    wire::IpAddress address;
    dhcp::Outcome outcome;
  };

  void receive_some(const Socket& socket);
  void receive(const Datagram& datagram, std::uint16_t port);
  void handle(const dhcp::Packet& request, const dhcp::Arrival& arrival, std::uint32_t interface);
  void check(const dhcp::Packet& request, const dhcp::Arrival& arrival, std::uint32_t interface,
             dhcp::Outcome outcome);
  void checked(const wire::Mac& machine, const wire::IpAddress& address, bool in_use,
               std::optional<wire::Mac> user);
  bool keep_leases();
  void look_again();
  void follow(Interface& known, const Interface& present);
  void deliver(const dhcp::Packet& request, const dhcp::Arrival& arrival, std::uint32_t interface,
               const dhcp::Outcome& outcome);
  bool send(const dhcp::Reply& reply, const wire::IpAddress& from, std::uint32_t interface,
            wire::Bytes message);
  void report(const dhcp::Packet& request, std::uint32_t interface, const dhcp::Outcome& outcome);
  void report(const dhcp::Packet& request, std::uint32_t interface, dhcp::Step step,
              const dhcp::Outcome& outcome);
  const Interface* find_interface(std::uint32_t index) const;

  Loop& loop_;
  std::vector<Interface> interfaces_;
  std::vector<std::pair<std::uint32_t, PacketSocket>> frames_;
  std::optional<LeaseFile> file_;
  TimePoint look_again_at_{};
  Learned learned_;
  Seen seen_;
  dhcp::History history_;
  std::optional<dhcp::Leases> leases_;
  dhcp::Responder responder_;
  std::unique_ptr<AddressProbe> probe_;
  std::unordered_map<wire::Mac, Checking> checking_;
  UdpReceiver receiver_;
  UdpSender sender_{false};
  std::unique_ptr<Socket> server_;
  std::unique_ptr<Socket> pxe_;
};

}  // namespace pixie::net
