#include "net/dhcp_server.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

#include <fmt/format.h>

#include "dhcp/decode.h"
#include "dhcp/option.h"
#include "events/catalogue.h"
#include "net/dhcp_identity.h"
#include "net/frames.h"

namespace pixie::net {
namespace {

using dhcp::Step;

const wire::IpAddress everybody = wire::IpAddress::v4(255, 255, 255, 255);

/// Batches received in one turn of the loop.
constexpr int receive_turns = 16;

/// While so many addresses are being asked about, further ones are given unasked, as dnsmasq does (its do_icmp_ping): in
/// a flood of new machines the time for questions would be everybody's, and clients look for themselves.
constexpr std::size_t most_checks = 1024;

/// Nothing for what is no news.
const events::Kind* kind_of(Step step, bool first_time) {
  switch (step) {
    case Step::offered:
      return &events::dhcp_offered;
    case Step::proxy_offered:
      return &events::dhcp_proxy_offered;
    case Step::acknowledged:
      return &events::dhcp_acknowledged;
    case Step::boot_acknowledged:
      return &events::dhcp_boot_acknowledged;
    case Step::informed:
      return &events::dhcp_informed;
    case Step::refused:
      return &events::dhcp_refused;
    case Step::released:
      return &events::dhcp_released;
    case Step::declined:
      return &events::dhcp_declined;
    case Step::pool_empty:
      return first_time ? &events::dhcp_pool_empty : nullptr;
    case Step::no_rom:
      return first_time ? &events::dhcp_no_rom : nullptr;
    case Step::held:
      return first_time ? &events::dhcp_held : nullptr;
    case Step::ignored:
      return &events::dhcp_ignored;
  }
  return nullptr;
}

/// Whether an interface is known with the address that a message came to. A broadcast tells none where there is none.
bool has_address(const Interface& interface, const wire::IpAddress& hit) {
  const auto& own = interface.addresses;
  return hit.is_unspecified() || hit == everybody ||
         std::ranges::find(own, hit, &InterfaceAddress::address) != own.end();
}

std::string_view or_dash(std::string_view text) { return text.empty() ? "-" : text; }

}  // namespace

class DhcpServer::Socket final : public Watched {
 public:
  Socket(DhcpServer& server, tree::Descriptor descriptor, std::uint16_t port_)
      : Watched(server.loop_, std::move(descriptor), EPOLLIN), port(port_), server_(server) {}

  const std::uint16_t port;

 private:
  void on_ready(std::uint32_t) override { server_.receive_some(*this); }
  DhcpServer& server_;
};

DhcpServer::DhcpServer(Loop& loop, dhcp::ResponderSettings settings, Learned learned, Seen seen,
                       DhcpSockets& sockets)
    : loop_(loop),
      interfaces_(sockets.interfaces),
      frames_(std::move(sockets.frames)),
      file_(std::move(sockets.lease_file)),
      learned_(std::move(learned)),
      seen_(std::move(seen)),
      leases_(std::move(sockets.leases)),
      responder_(std::move(settings), leases_ ? &*leases_ : nullptr, history_),
      server_(std::make_unique<Socket>(*this, std::move(sockets.server), dhcp::server_port)),
      pxe_(std::make_unique<Socket>(*this, std::move(sockets.pxe), dhcp::pxe_port)) {
  if (sockets.probe) probe_ = std::make_unique<AddressProbe>(loop, std::move(*sockets.probe));
}

DhcpServer::~DhcpServer() = default;

void DhcpServer::fetched(const wire::Mac& mac, dhcp::Fetched what) {
  history_.fetched(mac, what, Clock::now());
}

const Interface* DhcpServer::find_interface(std::uint32_t index) const {
  const auto found = std::ranges::find(interfaces_, index, &Interface::index);
  return found == interfaces_.end() ? nullptr : &*found;
}

/// An interface that was made anew has another index and perhaps another address. Looked for every few seconds at most.
void DhcpServer::look_again() {
  constexpr auto pause = std::chrono::seconds(5);
  const auto now = Clock::now();
  if (now < look_again_at_) return;
  look_again_at_ = now + pause;
  const auto present = interfaces();
  if (!present) return;
  for (const auto& interface : *present) {
    const auto known = std::ranges::find(interfaces_, interface.name, &Interface::name);
    if (known != interfaces_.end() && interface.has_ipv4()) follow(*known, interface);
  }
}

void DhcpServer::follow(Interface& known, const Interface& present) {
  for (auto& [index, socket] : frames_) {
    if (index == known.index && index != present.index && socket.follow(present))
      index = present.index;
  }
  if (probe_) probe_->follow(present);
  known = present;
}

void DhcpServer::receive_some(const Socket& socket) {
  for (int turn = 0; turn < receive_turns; ++turn) {
    const auto datagrams = receiver_.receive(socket.number());
    for (const auto& datagram : datagrams) receive(datagram, socket.port);
    if (datagrams.size() < UdpReceiver::batch_size) return;
  }
}

void DhcpServer::receive(const Datagram& datagram, std::uint16_t port) {
  const auto* interface = find_interface(datagram.route.interface);
  if (!interface || !has_address(*interface, datagram.route.local)) {
    look_again();
    interface = find_interface(datagram.route.interface);
  }
  if (!interface) return;
  const auto request = dhcp::parse(datagram.payload);
  if (!request) {
    const auto client = datagram.route.peer.text();
    return loop_.events.emit(
        events::dhcp_malformed,
        {{"client", client}, {"interface", interface->name}, {"reason", request.error().text}});
  }
  if (loop_.events.wants(events::dhcp_received)) {
    const auto text = dhcp::decode(*request);
    loop_.events.emit(events::dhcp_received, {{"interface", interface->name}, {"packet", text}});
  }
  const auto& hit = datagram.route.local;
  const dhcp::Arrival arrival{
      .address = hit.is_unspecified() || hit == everybody ? interface->address : hit,
      .from = datagram.route.peer,
      .port = port,
      .to_many = datagram.to_many};
  handle(*request, arrival, interface->index);
}

void DhcpServer::handle(const dhcp::Packet& request, const dhcp::Arrival& arrival,
                        std::uint32_t interface) {
  auto outcome = responder_.receive(request, arrival, Clock::now(), system_now());
  if (!keep_leases()) return;
  const auto mac = request.mac();
  const auto waiting = mac ? checking_.find(*mac) : checking_.end();
  const bool repeated = waiting != checking_.end() && outcome.step == Step::offered &&
                        outcome.reply->packet.yiaddr == waiting->second.address;
  if (repeated) outcome.check_first = waiting->second.address;
  if (outcome.check_first && probe_ && mac && (repeated || probe_->pending() < most_checks)) {
    check(request, arrival, interface, std::move(outcome));
  } else {
    deliver(request, arrival, interface, outcome);
  }
}

/// Of a machine that asks again meanwhile, the last message is answered.
void DhcpServer::check(const dhcp::Packet& request, const dhcp::Arrival& arrival,
                       std::uint32_t interface, dhcp::Outcome outcome) {
  const auto address = *outcome.check_first;
  const auto machine = *request.mac();
  const auto waiting = checking_.find(machine);
  const bool asks_already = waiting != checking_.end() && waiting->second.address == address;
  checking_.insert_or_assign(machine,
                             Checking{request, arrival, interface, address, std::move(outcome)});
  if (asks_already) return;
  probe_->ask(address, [this, machine, address](bool in_use, std::optional<wire::Mac> user) {
    checked(machine, address, in_use, user);
  });
}

void DhcpServer::checked(const wire::Mac& machine, const wire::IpAddress& address, bool in_use,
                         std::optional<wire::Mac> user) {
  const auto found = checking_.find(machine);
  if (found == checking_.end() || found->second.address != address) return;
  const auto waiting = std::move(found->second);
  checking_.erase(found);
  // The machine itself may still answer for the address that it had.
  if (!in_use || user == machine)
    return deliver(waiting.request, waiting.arrival, waiting.interface, waiting.outcome);
  const auto mac = machine.colons();
  const auto other = user ? user->colons() : "another machine";
  loop_.events.emit(events::dhcp_conflict,
                    {{"mac", mac}, {"address", address.text()}, {"user", other}});
  leases_->conflict(address, system_now());
  handle(waiting.request, waiting.arrival, waiting.interface);
}

/// Writes what the leases have become. False: it can't be kept, and nothing may be promised.
bool DhcpServer::keep_leases() {
  if (!leases_) return true;
  const auto lines = leases_->take_journal();
  if (lines.empty()) return true;
  const bool kept = file_->keep(lines, leases_->compaction_pays(),
                                [this] { return leases_->snapshot(system_now()); });
  if (!kept)
    loop_.events.emit(events::dhcp_not_kept,
                      {{"file", file_->path()}, {"reason", std::strerror(errno)}});
  return kept;
}

void DhcpServer::deliver(const dhcp::Packet& request, const dhcp::Arrival& arrival,
                         std::uint32_t interface, const dhcp::Outcome& outcome) {
  // It may have gone while the address was checked.
  const auto* own = find_interface(interface);
  if (!own) return;
  const auto& client = outcome.client;
  // Before the answer: what the machine asks for next may be decided by it.
  if (client.is_boot_client() && client.mac) {
    const auto address = outcome.reply && outcome.step == Step::acknowledged
                             ? outcome.reply->packet.yiaddr
                             : wire::IpAddress();
    seen_(*client.mac, identity_of(client, own->name, address));
  }
  if (outcome.reply) {
    std::array<std::byte, dhcp::max_message_size> buffer;
    const auto message =
        dhcp::write(buffer, outcome.reply->packet, dhcp::reply_size_limit(request));
    if (!message) return loop_.events.emit(events::dhcp_failed, {{"reason", message.error().text}});
    if (!send(*outcome.reply, arrival.address, interface, *message)) {
      const auto to = outcome.reply->to.text();
      return loop_.events.emit(events::dhcp_failed, {{"to", to}, {"reason", std::strerror(errno)}});
    }
  }
  const bool relayed = !client.relay.giaddr.is_unspecified();
  if (outcome.step == Step::acknowledged && relayed && client.mac)
    learned_(outcome.reply->packet.yiaddr, *client.mac);
  report(request, interface, outcome);
}

bool DhcpServer::send(const dhcp::Reply& reply, const wire::IpAddress& from,
                      std::uint32_t interface, wire::Bytes message) {
  const auto frames =
      std::ranges::find(frames_, interface, &std::pair<std::uint32_t, PacketSocket>::first);
  if (reply.frame_to && frames != frames_.end()) {
    std::array<std::byte, udp4_headers_size + dhcp::max_message_size> buffer;
    const auto packet = write_udp4(buffer, {from, reply.from_port}, reply.to, message);
    if (frames->second.send(*reply.frame_to, packet)) return true;
  }
  const auto to = reply.frame_to ? wire::Endpoint{everybody, reply.to.port} : reply.to;
  iovec part{const_cast<std::byte*>(message.data()), message.size()};
  sender_.add({.peer = to, .local = from, .interface = interface}, {&part, 1}, 0);
  const auto& socket = reply.from_port == dhcp::pxe_port ? *pxe_ : *server_;
  const auto error = sender_.flush(socket.number()).error;
  if (error != 0) errno = error;
  return error == 0;
}

void DhcpServer::report(const dhcp::Packet& request, std::uint32_t interface,
                        const dhcp::Outcome& outcome) {
  if (outcome.without_rom && outcome.step != Step::no_rom && outcome.first_time)
    report(request, interface, Step::no_rom, outcome);
  report(request, interface, outcome.step, outcome);
}

void DhcpServer::report(const dhcp::Packet& request, std::uint32_t interface, dhcp::Step step,
                        const dhcp::Outcome& outcome) {
  const auto* kind = kind_of(step, outcome.first_time);
  if (!kind || !loop_.events.wants(*kind)) return;
  const auto& client = outcome.client;
  const auto mac = client.mac ? client.mac->colons() : "-";
  const auto architecture =
      client.architectures.empty() ? "-" : dhcp::architecture_name(client.architectures.front());
  const auto address = outcome.reply ? outcome.reply->packet.yiaddr : request.ciaddr;
  const bool relayed = !client.relay.giaddr.is_unspecified();
  loop_.events.emit(*kind,
                    {{"mac", mac},
                     {"firmware", dhcp::firmware_name(client.firmware)},
                     {"arch", architecture},
                     {"vendor", or_dash(client.vendor_class)},
                     {"interface", find_interface(interface)->name},
                     {"relay", relayed ? client.relay.giaddr.text() : "-"},
                     {"address", address.is_unspecified() ? "-" : address.text()},
                     {"file", or_dash(outcome.file)},
                     {"form", outcome.form == dhcp::Form::primary ? "primary" : "alternative"},
                     {"round", outcome.round},
                     {"reason", or_dash(outcome.reason)}});
}

}  // namespace pixie::net
