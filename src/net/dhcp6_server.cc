#include "net/dhcp6_server.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "dhcp/architecture.h"
#include "dhcp/ia6.h"
#include "events/catalogue.h"
#include "net/dhcp_identity.h"

namespace pixie::net {
namespace {

using dhcp::Firmware6;
using dhcp::MessageType6;

constexpr int receive_turns = 16;
constexpr std::string_view chain_script = "chain.ipxe";

// EDK2 asks a boot service once, and begins to listen when the request is out (UefiPxeBcDxe, PxeBcRequestBootService):
// an answer that is there sooner is lost on it, and it gives up after three seconds with PXE-E16. So the answer comes
// again.
constexpr std::array echo_times{std::chrono::milliseconds(100), std::chrono::milliseconds(1000)};
constexpr std::size_t echo_limit = 4096;

/// DUID-LL (RFC 8415 section 11.4): the same at every start.
std::vector<std::byte> duid_of(const wire::Mac& mac) {
  std::vector duid{std::byte{0}, std::byte{3}, std::byte{0}, std::byte{1}};
  for (const auto octet : mac.octets) duid.push_back(std::byte{octet});
  return duid;
}

dhcp::Asking asking_of(Firmware6 firmware) {
  if (firmware == Firmware6::ipxe) return dhcp::Asking::ipxe;
  return firmware == Firmware6::uefi_http ? dhcp::Asking::http_firmware : dhcp::Asking::firmware;
}

std::string_view name_of(Firmware6 firmware) {
  switch (firmware) {
    case Firmware6::none:
      return "no boot client";
    case Firmware6::uefi:
      return "UEFI";
    case Firmware6::uefi_http:
      return "UEFI HTTP";
    case Firmware6::ipxe:
      return "iPXE";
    case Firmware6::other:
      return "other";
  }
  return "";
}

const events::Kind& kind_of(const dhcp::Packet6& request, bool with_address, bool boots) {
  switch (request.type) {
    case MessageType6::solicit:
      return with_address ? events::dhcp_offered : events::dhcp_proxy_offered;
    case MessageType6::release:
      return events::dhcp_released;
    case MessageType6::decline:
      return events::dhcp_declined;
    case MessageType6::information_request:
      return boots ? events::dhcp_boot_acknowledged : events::dhcp_informed;
    default:
      return with_address ? events::dhcp_acknowledged : events::dhcp_boot_acknowledged;
  }
}

}  // namespace

class Dhcp6Server::Socket final : public Watched {
 public:
  Socket(Dhcp6Server& server, tree::Descriptor descriptor)
      : Watched(server.loop_, std::move(descriptor), EPOLLIN), server_(server) {}

 private:
  void on_ready(std::uint32_t) override { server_.receive_some(*this); }
  Dhcp6Server& server_;
};

/// An answer that is sent again.
class Dhcp6Server::Echo final : public Timed {
 public:
  Echo(Dhcp6Server& server, const Route& route, wire::Bytes message)
      : server_(server),
        route_(route),
        message_(message.begin(), message.end()),
        answered_(Clock::now()) {}

  TimePoint deadline() const override { return answered_ + echo_times.at(sent_); }
  void on_deadline(TimePoint) override {
    server_.send(*server_.pxe_, route_, message_);
    if (++sent_ < echo_times.size()) return server_.loop_.watch(*this);
    server_.echoes_.erase(place);
  }

  /// Its own place in the server's list.
  std::list<Echo>::iterator place;

 private:
  Dhcp6Server& server_;
  const Route route_;
  const std::vector<std::byte> message_;
  const TimePoint answered_;
  std::size_t sent_ = 0;
};

Dhcp6Server::Dhcp6Server(Loop& loop, Dhcp6Settings settings, Seen seen, DhcpSockets& sockets)
    : loop_(loop),
      settings_(std::move(settings)),
      seen_(std::move(seen)),
      interfaces_(sockets.interfaces),
      serves_files_(sockets.serves_ipv6),
      duid_(duid_of(interfaces_.front().mac)),
      leases_(std::move(sockets.leases6)),
      file_(std::move(sockets.lease_file6)),
      server_(std::make_unique<Socket>(*this, std::move(sockets.server6))),
      pxe_(std::make_unique<Socket>(*this, std::move(sockets.pxe6))) {}

Dhcp6Server::~Dhcp6Server() = default;

void Dhcp6Server::fetched(const wire::Mac& mac, dhcp::Fetched what) {
  history_.fetched(mac, what, Clock::now());
}

void Dhcp6Server::receive_some(const Socket& socket) {
  for (int turn = 0; turn < receive_turns; ++turn) {
    const auto datagrams = receiver_.receive(socket.number());
    for (const auto& datagram : datagrams) receive(socket, datagram);
    if (datagrams.size() < UdpReceiver::batch_size) return;
  }
}

dhcp::Server6 Dhcp6Server::server_on(const Interface& interface) const {
  return {.duid = duid_,
          .address = interface.ipv6 ? *interface.ipv6
                                    : interface.ipv6_link_local.value_or(wire::IpAddress()),
          .http_port = settings_.http_port,
          .tftp_port = settings_.tftp_port,
          .dns_servers = {},
          .rapid_commit = false};
}

/// Those of the link that the client is on: the relay's, or the interface's.
dhcp::Leases6* Dhcp6Server::leases_for(const dhcp::Packet6& request, const Interface& interface) {
  if (!leases_) return nullptr;
  const auto relay = request.link_address();
  const auto on_link = relay.is_unspecified() ? interface.ipv6.value_or(relay) : relay;
  return leases_->settings().range.link.contains(on_link) ? &*leases_ : nullptr;
}

/// What the client is to load; empty: nothing.
std::string Dhcp6Server::url_for(const dhcp::Packet6& request, const dhcp::ClientFacts6& client,
                                 const dhcp::Server6& server) {
  using Give = dhcp::BootAnswer::Give;
  if (!client.is_boot_client() || !serves_files_) return {};
  auto give = Give::rom;
  if (client.mac) {
    const bool begins =
        request.type == MessageType6::solicit || request.type == MessageType6::information_request;
    const auto asking = asking_of(client.firmware);
    const auto answer = begins ? history_.discover(*client.mac, client.uuid, asking,
                                                   request.transaction_id, Clock::now())
                               : history_.request(*client.mac, asking, Clock::now());
    give = answer.give;
    if (answer.report) {
      const auto mac = client.mac->colons();
      loop_.events.emit(events::dhcp_held, {{"mac", mac}});
    }
  }
  if (give == Give::nothing) return {};
  if (client.firmware == Firmware6::ipxe || give == Give::script)
    return boot_url6(server, client.firmware, chain_script);
  for (const auto type : client.architectures) {
    if (const auto rom = settings_.rom_for(type); !rom.empty())
      return boot_url6(server, client.firmware, rom);
  }
  return {};
}

void Dhcp6Server::receive(const Socket& socket, const Datagram& datagram) {
  const auto interface =
      std::ranges::find(interfaces_, datagram.route.interface, &Interface::index);
  if (interface == interfaces_.end()) return;
  const auto request = dhcp::parse6(datagram.payload);
  if (!request) {
    const auto from = datagram.route.peer.text();
    return loop_.events.emit(
        events::dhcp_malformed,
        {{"client", from}, {"interface", interface->name}, {"reason", request.error().text}});
  }
  const auto client = dhcp::describe(*request, datagram.route.peer.address);
  if (client.is_boot_client() && client.mac)
    seen_(*client.mac, identity_of(client, interface->name));
  auto server = server_on(*interface);
  auto* leases = leases_for(*request, *interface);
  server.rapid_commit = leases != nullptr;
  const auto url = url_for(*request, client, server);
  const auto reply = dhcp::answer(*request, client, server, {url}, leases, system_now());
  if (!reply) {
    const auto mac = client.mac ? client.mac->colons() : "-";
    return loop_.events.emit(
        events::dhcp_ignored,
        {{"mac", mac}, {"interface", interface->name}, {"reason", text(reply.error())}});
  }
  if (!keep(reply->journal)) return;
  std::array<std::byte, dhcp::max_message_size6> buffer;
  const auto message = dhcp::write6(buffer, reply->packet);
  if (!message) return loop_.events.emit(events::dhcp_failed, {{"reason", message.error().text}});
  auto route = datagram.route;
  // Nobody can be answered from a group's address.
  if (datagram.to_many) route.local = wire::IpAddress();
  if (const auto error = send(socket, route, *message); error != 0)
    return loop_.events.emit(events::dhcp_failed,
                             {{"to", route.peer.text()}, {"reason", std::strerror(error)}});
  if (&socket == pxe_.get() && !url.empty()) repeat(route, *message);
  report(*request, client, *interface, reply->packet, url);
}

/// Returns an errno; 0: it is out.
int Dhcp6Server::send(const Socket& socket, const Route& route, wire::Bytes message) {
  iovec part{const_cast<std::byte*>(message.data()), message.size()};
  sender_.add(route, {&part, 1}, 0);
  return sender_.flush(socket.number()).error;
}

void Dhcp6Server::repeat(const Route& route, wire::Bytes message) {
  if (echoes_.size() == echo_limit) return;
  const auto echo = echoes_.emplace(echoes_.end(), *this, route, message);
  echo->place = echo;
  loop_.watch(*echo);
}

bool Dhcp6Server::keep(std::string_view journal) {
  if (journal.empty()) return true;
  // Written anew once it has grown well beyond the table.
  constexpr std::size_t lines_beyond = 1000;
  const bool has_grown = ++changes_ >= lines_beyond + 2 * leases_->size();
  const auto snapshot = [this] {
    changes_ = 0;
    return leases_->snapshot(system_now());
  };
  if (file_->keep(journal, has_grown, snapshot)) return true;
  loop_.events.emit(events::dhcp_not_kept,
                    {{"file", file_->path()}, {"reason", std::strerror(errno)}});
  return false;
}

void Dhcp6Server::report(const dhcp::Packet6& request, const dhcp::ClientFacts6& client,
                         const Interface& interface, const dhcp::Packet6& reply,
                         std::string_view url) {
  std::string address;
  const auto ias = dhcp::parse_ias(reply.options);
  if (ias && !ias->empty() && !ias->front().addresses.empty())
    address = ias->front().addresses.front().address.text();
  const auto& kind = kind_of(request, !address.empty(), !url.empty());
  if (!loop_.events.wants(kind)) return;
  const auto mac = client.mac ? client.mac->colons() : "-";
  const auto architecture =
      client.architectures.empty() ? "-" : dhcp::architecture_name(client.architectures.front());
  loop_.events.emit(
      kind, {{"mac", mac},
             {"firmware", name_of(client.firmware)},
             {"arch", architecture},
             {"vendor", client.vendor_class.empty() ? "-" : std::string_view(client.vendor_class)},
             {"interface", interface.name},
             {"address", address.empty() ? "-" : std::string_view(address)},
             {"file", url.empty() ? "-" : url}});
}

}  // namespace pixie::net
