// DHCPv6 on one loop: datagrams from ports 547 and 4011 go to the policy of dhcp/boot6, its answers go out, what
// happened is an event.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "dhcp/boot6.h"
#include "dhcp/history.h"
#include "dhcp/leases6.h"
#include "machines/identity.h"
#include "net/dhcp_sockets.h"
#include "net/loop.h"
#include "net/udp.h"

namespace pixie::net {

struct Dhcp6Settings {
  std::uint16_t http_port = 80;
  std::uint16_t tftp_port = 69;
  /// The name of the ROM for a processor architecture type (option 61); empty: there is none.
  std::function<std::string_view(std::uint16_t)> rom_for;
};

/// Belongs to its loop.
class Dhcp6Server {
 public:
  /// Called with what a boot client's message tells of it.
  using Seen = std::function<void(const wire::Mac& machine, const machines::Identity& who)>;

  /// Takes its part out of `sockets`.
  Dhcp6Server(Loop& loop, Dhcp6Settings settings, Seen seen, DhcpSockets& sockets);
  ~Dhcp6Server();

  /// A machine fetched a file. From the loop's thread.
  void fetched(const wire::Mac& mac, dhcp::Fetched what);

 private:
  class Socket;
  class Echo;

  void receive_some(const Socket& socket);
  void receive(const Socket& socket, const Datagram& datagram);
  std::string url_for(const dhcp::Packet6& request, const dhcp::ClientFacts6& client,
                      const dhcp::Server6& server);
  dhcp::Server6 server_on(const Interface& interface) const;
  dhcp::Leases6* leases_for(const dhcp::Packet6& request, const Interface& interface);
  int send(const Socket& socket, const Route& route, wire::Bytes message);
  void repeat(const Route& route, wire::Bytes message);
  bool keep(std::string_view journal);
  void report(const dhcp::Packet6& request, const dhcp::ClientFacts6& client,
              const Interface& interface, const dhcp::Packet6& reply, std::string_view url);

  Loop& loop_;
  const Dhcp6Settings settings_;
  const Seen seen_;
  std::vector<Interface> interfaces_;
  const bool serves_files_;
  std::vector<std::byte> duid_;
  std::optional<dhcp::Leases6> leases_;
  std::optional<LeaseFile> file_;
  dhcp::History history_;
  /// Since the file was written anew.
  std::size_t changes_ = 0;
  UdpReceiver receiver_;
  UdpSender sender_{true};
  std::unique_ptr<Socket> server_;
  std::unique_ptr<Socket> pxe_;
  std::list<Echo> echoes_;
};

}  // namespace pixie::net
