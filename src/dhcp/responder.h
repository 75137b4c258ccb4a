// pixie's side of DHCPv4: a message goes in, with where it came by; what to send, and what happened, come out.
// Without sockets and clock.
//
// Proxy mode leaves addresses to the network's own server: it answers boot clients only, beside that server, on port
// 67 and on port 4011 (PXE 2.1 section 2.2; "BINL"). Server mode gives addresses as well (RFC 2131 section 4.3).
//
// Not thread-safe: one owner.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dhcp/boot.h"
#include "dhcp/client.h"
#include "dhcp/history.h"
#include "dhcp/leases.h"
#include "dhcp/packet.h"
#include "wire/address.h"

namespace pixie::dhcp {

struct ResponderSettings {
  /// What clients in server mode are told; unspecified or empty: nothing.
  wire::IpAddress router;
  std::vector<wire::IpAddress> dns;
  std::string domain;
  std::uint16_t http_port = 80;
  /// What clients are told instead of the interface's address, if it is an IPv4 address. Null: nothing.
  std::function<wire::IpAddress()> advertised;
  /// The name of the ROM for a processor architecture type (option 93); empty: there is none.
  std::function<std::string_view(std::uint16_t)> rom_for;
};

/// Where a message came by.
struct Arrival {
  /// The interface's own.
  wire::IpAddress address;
  /// Who sent it: a client, which may have no address yet, or a relay.
  wire::Endpoint from;
  /// The port that it was sent to: 67 or 4011.
  std::uint16_t port = server_port;
  /// It was broadcast, so that its sender is on the interface's network, or a relay.
  bool to_many = true;
};

enum class Step : std::uint8_t {
  /// An address, and the file for boot clients.
  offered,
  /// The file alone.
  proxy_offered,
  acknowledged,
  /// The file alone, on port 4011 or for a DHCPINFORM.
  boot_acknowledged,
  /// To a DHCPINFORM.
  informed,
  /// DHCPNAK.
  refused,
  released,
  declined,
  // Without a reply:
  pool_empty,
  /// There is no ROM for the machine's architecture.
  no_rom,
  /// The machine loads its ROM again and again.
  held,
  /// It concerns another server, or nobody; `reason` says more.
  ignored,
};

struct Reply {
  Packet packet;
  /// 255.255.255.255: broadcast on the interface.
  wire::Endpoint to;
  std::uint16_t from_port = server_port;
  /// The client has no address yet, and can take frames to this MAC, sent to the address `to` (RFC 2131 section 4.1).
  /// Whoever can't send such a frame broadcasts instead.
  std::optional<wire::Mac> frame_to;
};

struct Outcome {
  Step step = Step::ignored;
  std::optional<Reply> reply;
  /// Ask first whether somebody has this address already; if so, tell Leases::conflict(), and take the message in
  /// again.
  std::optional<wire::IpAddress> check_first;
  ClientFacts client;
  /// What the client is told to load.
  std::string file;
  Form form = Form::primary;
  /// Of the loop, from 1; 0: no ROM is given.
  unsigned round = 0;
  std::string reason;
  /// It is a boot client without a ROM for it; it may have got an address all the same.
  bool without_rom = false;
  /// To be told once for this machine, or for an empty pool once in a while, not each time.
  bool first_time = true;
};

class Responder {
 public:
  using SystemTime = Leases::Time;

  /// `leases` is null in proxy mode; both must outlive the responder.
  Responder(ResponderSettings settings, Leases* leases, History& history)
      : settings_(std::move(settings)), leases_(leases), history_(history) {}

  Outcome receive(const Packet& request, const Arrival& arrival, HistoryTime now,
                  SystemTime system_now);

 private:
  /// One message while it is answered.
  struct Turn {
    const Packet& request;
    const Arrival& arrival;
    HistoryTime now;
    SystemTime system_now;
    Outcome outcome;
  };

  void discover(Turn& turn);
  void offer_beside(Turn& turn);
  void pool_empty(Turn& turn);
  void request(Turn& turn);
  void grant(Turn& turn, const wire::IpAddress& address, RequestState state);
  void inform(Turn& turn);
  void boot_service(Turn& turn);
  void release(Turn& turn);
  void decline(Turn& turn);

  BootServer boot_server(const Arrival& arrival) const;
  LeaseClient lease_client(const Turn& turn) const;
  bool add_boot(Turn& turn, Packet& reply, Role role, bool counts);
  std::string_view rom_for(const ClientFacts& client) const;
  void add_network(const Turn& turn, Packet& reply) const;
  void add_lease(Packet& reply, const wire::IpAddress& address, std::chrono::seconds time,
                 const std::string& host_name) const;
  void refuse(Turn& turn, Refusal refusal);

  ResponderSettings settings_;
  Leases* leases_;
  History& history_;
  /// By the network's address, when it was last told that it has no address left.
  std::map<wire::IpAddress, HistoryTime> pool_empty_told_;
};

}  // namespace pixie::dhcp
