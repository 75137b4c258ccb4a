#include "dhcp/responder.h"

#include <algorithm>

#include "dhcp/ipv4.h"
#include "dhcp/option.h"

namespace pixie::dhcp {
namespace {

const wire::IpAddress nobody = wire::IpAddress::v4(0, 0, 0, 0);
const wire::IpAddress everybody = wire::IpAddress::v4(255, 255, 255, 255);

/// Machines without an address ask every few seconds: that a network has none left is told once in this time.
constexpr auto pool_empty_pause = std::chrono::minutes(10);

/// What History::first_time() is asked about.
enum Topic : std::uint8_t { topic_no_rom };

Asking asking_of(const ClientFacts& client) {
  if (client.is_ipxe) return Asking::ipxe;
  return client.wants_url ? Asking::http_firmware : Asking::firmware;
}

std::optional<Uuid> uuid_of(const ClientFacts& client) {
  constexpr std::size_t type_and_uuid = 17;
  if (client.client_machine.size() != type_and_uuid) return std::nullopt;
  Uuid uuid;
  std::ranges::transform(client.client_machine.begin() + 1, client.client_machine.end(),
                         uuid.begin(),
                         [](std::byte b) { return std::to_integer<std::uint8_t>(b); });
  return uuid;
}

/// `prefix` counts the bits of the IPv4-mapped form (see wire::Network).
wire::IpAddress mask_of(unsigned prefix) {
  const auto host_bits = 128 - prefix;
  return ipv4_address(host_bits >= 32 ? 0U : ~0U << host_bits);
}

/// Sub-options of option 82, if it is there and well-formed.
Options relay_options(const Packet& request) {
  const auto value = request.options.find(option::relay_agent);
  if (!value) return {};
  return parse_encapsulated(*value).value_or(Options());
}

/// RFC 5107: the client is to see the relay as its server, so that renewals go through it.
wire::IpAddress server_identifier(const Packet& request, const Arrival& arrival) {
  return relay_options(request)
      .address(relay_option::server_identifier_override)
      .value_or(arrival.address);
}

Packet reply_to(const Packet& request, MessageType type, const Arrival& arrival) {
  Packet reply;
  reply.op = Packet::boot_reply;
  reply.htype = request.htype;
  reply.hlen = request.hlen;
  reply.xid = request.xid;
  reply.flags = request.flags;
  reply.giaddr = request.giaddr;
  reply.chaddr = request.chaddr;
  reply.set_message_type(type);
  reply.options.set_address(option::server_identifier, server_identifier(request, arrival));
  return reply;
}

/// RFC 2131 section 4.1; a DHCPNAK is broadcast to who is not behind a relay (section 4.3.2).
Reply addressed(const Packet& request, const Arrival& arrival, Packet packet) {
  Reply reply{.packet = std::move(packet),
              .to = {everybody, client_port},
              .from_port = arrival.port,
              .frame_to = {}};
  // RFC 3046 section 2.2: echoed as it came, as the last option.
  if (const auto relay = request.options.find(option::relay_agent))
    reply.packet.options.set(option::relay_agent, *relay);
  const bool refusal = reply.packet.message_type() == MessageType::nak;
  if (request.giaddr != nobody) {
    reply.to = {request.giaddr, server_port};
    if (refusal) reply.packet.flags |= Packet::broadcast_flag;
  } else if (arrival.port == pxe_port) {
    reply.to = arrival.from;
  } else if (refusal) {
    return reply;
  } else if (request.ciaddr != nobody) {
    reply.to.address = request.ciaddr;
  } else if ((request.flags & Packet::broadcast_flag) == 0 && reply.packet.yiaddr != nobody) {
    reply.to.address = reply.packet.yiaddr;
    reply.frame_to = request.mac();
  }
  return reply;
}

void send(Outcome& outcome, Step step, const Packet& request, const Arrival& arrival,
          Packet packet) {
  outcome.step = step;
  outcome.reply = addressed(request, arrival, std::move(packet));
}

bool is_silent(Refusal refusal) {
  return refusal == Refusal::no_network || refusal == Refusal::no_identity ||
         refusal == Refusal::pool_empty || refusal == Refusal::unknown;
}

}  // namespace

Outcome Responder::receive(const Packet& request, const Arrival& arrival, HistoryTime now,
                           SystemTime system_now) {
  Turn turn{request, arrival, now, system_now, {}};
  turn.outcome.client = describe(request);
  turn.outcome.reason = "it is no request of a client";
  if (request.op != Packet::boot_request) return turn.outcome;
  const auto type = request.message_type();
  if (!type) return turn.outcome;
  turn.outcome.reason.clear();
  if (arrival.port == pxe_port) {
    boot_service(turn);
  } else if (*type == MessageType::discover) {
    leases_ ? discover(turn) : offer_beside(turn);
  } else if (*type == MessageType::inform) {
    inform(turn);
  } else if (!leases_) {
    turn.outcome.reason = "it is for the server that gives the addresses";
  } else if (*type == MessageType::request) {
    this->request(turn);
  } else if (*type == MessageType::release) {
    release(turn);
  } else if (*type == MessageType::decline) {
    decline(turn);
  }
  return std::move(turn.outcome);
}

BootServer Responder::boot_server(const Arrival& arrival) const {
  const auto advertised = settings_.advertised ? settings_.advertised() : wire::IpAddress();
  const bool told = advertised.is_v4() && !advertised.is_unspecified();
  const auto& address = told ? advertised : arrival.address;
  return {.address = address, .http_port = settings_.http_port};
}

std::string_view Responder::rom_for(const ClientFacts& client) const {
  for (const auto type : client.architectures) {
    if (const auto rom = settings_.rom_for(type); !rom.empty()) return rom;
  }
  return {};
}

/// Adds what the client is to boot; `counts`: it is a new attempt. False, with the step set: there is nothing for it.
bool Responder::add_boot(Turn& turn, Packet& reply, Role role, bool counts) {
  auto& outcome = turn.outcome;
  const auto& client = outcome.client;
  if (!client.is_boot_client() || !client.mac) {
    outcome.reason = "it is no boot client";
    return false;
  }
  const auto asking = asking_of(client);
  const auto answer =
      counts ? history_.discover(*client.mac, uuid_of(client), asking, turn.request.xid, turn.now)
             : history_.request(*client.mac, asking, turn.now);
  outcome.form = answer.form;
  outcome.round = answer.round;
  if (answer.give == BootAnswer::Give::nothing) {
    outcome.step = Step::held;
    outcome.first_time = answer.report;
    outcome.reason = "it loaded its ROM again and again and never got to its script";
    return false;
  }
  const auto server = boot_server(turn.arrival);
  outcome.file = boot_file(client, answer.give, rom_for(client), server);
  if (outcome.file.empty() && client.firmware != Firmware::raspberry_pi) {
    outcome.step = Step::no_rom;
    outcome.without_rom = true;
    outcome.first_time = history_.first_time(*client.mac, topic_no_rom, turn.now);
    outcome.reason = client.architectures.empty()
                         ? "it doesn't tell its architecture (option 93)"
                         : "there is no ROM for " + architecture_name(client.architectures.front());
    return false;
  }
  add_boot_options(reply, client, outcome.file, answer.form, role, server);
  return true;
}

void Responder::offer_beside(Turn& turn) {
  auto reply = reply_to(turn.request, MessageType::offer, turn.arrival);
  if (!add_boot(turn, reply, Role::proxy, true)) return;
  send(turn.outcome, Step::proxy_offered, turn.request, turn.arrival, std::move(reply));
}

/// Port 4011: the client has its address, and asks what to load.
void Responder::boot_service(Turn& turn) {
  const auto type = turn.request.message_type();
  if (type != MessageType::request && type != MessageType::inform &&
      type != MessageType::discover) {
    turn.outcome.reason = "port 4011 is for requests of boot clients";
    return;
  }
  auto reply = reply_to(turn.request, MessageType::ack, turn.arrival);
  reply.ciaddr = turn.request.ciaddr;
  if (!add_boot(turn, reply, Role::proxy, false)) return;
  send(turn.outcome, Step::boot_acknowledged, turn.request, turn.arrival, std::move(reply));
}

LeaseClient Responder::lease_client(const Turn& turn) const {
  const auto& request = turn.request;
  LeaseClient client{.identifier = {},
                     .htype = request.htype,
                     .mac = request.mac().value_or(wire::Mac()),
                     .link = turn.arrival.address,
                     .host_name = std::string(request.options.text(option::host_name).value_or("")),
                     .wanted_time = {}};
  if (const auto identifier = request.options.find(option::client_identifier))
    client.identifier = wire::as_text(*identifier);
  if (request.giaddr != nobody) client.link = request.giaddr;
  // Renewals through a router come without giaddr (RFC 2131 section 4.3.2).
  const bool unicast = request.giaddr == nobody && !turn.arrival.to_many;
  if (unicast && request.ciaddr != nobody) client.link = request.ciaddr;
  // RFC 3527 section 3, RFC 3011.
  if (const auto subnet = request.options.address(option::subnet_selection)) client.link = *subnet;
  if (const auto link = relay_options(request).address(relay_option::link_selection))
    client.link = *link;
  if (const auto time = request.options.u32(option::lease_time))
    client.wanted_time = std::chrono::seconds(*time);
  return client;
}

void Responder::add_network(const Turn& turn, Packet& reply) const {
  auto& options = reply.options;
  const auto network = leases_->network_of(lease_client(turn).link);
  if (!network) return;
  options.set_address(option::subnet_mask, mask_of(network->prefix));
  // Behind a relay that is the relay, unless the setting says otherwise for this network.
  for (const auto& router : {settings_.router, turn.request.giaddr}) {
    if (router == nobody || !network->contains(router)) continue;
    options.set_address(option::router, router);
    break;
  }
  if (!settings_.dns.empty()) options.set_addresses(option::dns, settings_.dns);
  if (!settings_.domain.empty()) options.set_text(option::domain_name, settings_.domain);
}

/// T1 and T2 by RFC 2131 section 4.4.5.
void Responder::add_lease(Packet& reply, const wire::IpAddress& address, std::chrono::seconds time,
                          const std::string& host_name) const {
  const auto seconds = static_cast<std::uint32_t>(time.count());
  reply.yiaddr = address;
  reply.options.set_u32(option::lease_time, seconds);
  reply.options.set_u32(option::renewal_time, seconds / 2);
  reply.options.set_u32(option::rebinding_time, seconds / 8 * 7);
  if (!host_name.empty()) reply.options.set_text(option::host_name, host_name);
}

void Responder::discover(Turn& turn) {
  const auto& request = turn.request;
  const auto& arrival = turn.arrival;
  const auto offer = leases_->offer(
      lease_client(turn), request.options.address(option::requested_address), turn.system_now);
  if (!offer) {
    turn.outcome.reason = describe(offer.error());
    if (offer.error() == Refusal::pool_empty) pool_empty(turn);
    return;
  }
  auto reply = reply_to(request, MessageType::offer, arrival);
  add_lease(reply, offer->address, offer->time, offer->host_name);
  add_network(turn, reply);
  add_boot(turn, reply, Role::address_server, true);
  if (turn.outcome.step == Step::held) return;
  if (!turn.outcome.without_rom) turn.outcome.reason.clear();
  if (offer->check_first) turn.outcome.check_first = offer->address;
  send(turn.outcome, Step::offered, request, arrival, std::move(reply));
}

void Responder::pool_empty(Turn& turn) {
  turn.outcome.step = Step::pool_empty;
  const auto network = leases_->network_of(lease_client(turn).link);
  if (!network) return;
  const auto [told, is_new] = pool_empty_told_.try_emplace(network->address, turn.now);
  turn.outcome.first_time = is_new || turn.now - told->second >= pool_empty_pause;
  if (turn.outcome.first_time) told->second = turn.now;
}

void Responder::request(Turn& turn) {
  const auto& request = turn.request;
  const auto wanted = request.options.address(option::requested_address);
  const auto chosen = request.options.address(option::server_identifier);
  if (chosen && *chosen != server_identifier(request, turn.arrival)) {
    turn.outcome.reason = "it chose the server " + chosen->text();
    return;
  }
  if (chosen && wanted) return grant(turn, *wanted, RequestState::selecting);
  if (wanted && request.ciaddr == nobody) return grant(turn, *wanted, RequestState::init_reboot);
  if (request.ciaddr != nobody) return grant(turn, request.ciaddr, RequestState::renewing);
  turn.outcome.reason = "it names no address";
}

void Responder::grant(Turn& turn, const wire::IpAddress& address, RequestState state) {
  const auto lease = leases_->request(lease_client(turn), address, state, turn.system_now);
  if (!lease) return refuse(turn, lease.error());
  auto reply = reply_to(turn.request, MessageType::ack, turn.arrival);
  reply.ciaddr = turn.request.ciaddr;
  add_lease(reply, address, lease->time, lease->host_name);
  add_network(turn, reply);
  add_boot(turn, reply, Role::address_server, false);
  turn.outcome.reason.clear();
  send(turn.outcome, Step::acknowledged, turn.request, turn.arrival, std::move(reply));
}

void Responder::refuse(Turn& turn, Refusal refusal) {
  turn.outcome.reason = describe(refusal);
  if (is_silent(refusal)) return;
  auto reply = reply_to(turn.request, MessageType::nak, turn.arrival);
  reply.options.set_text(option::message, turn.outcome.reason);
  send(turn.outcome, Step::refused, turn.request, turn.arrival, std::move(reply));
}

/// RFC 2131 section 4.3.5: what the network is, without an address.
void Responder::inform(Turn& turn) {
  const auto& request = turn.request;
  auto reply = reply_to(request, MessageType::ack, turn.arrival);
  reply.ciaddr = request.ciaddr;
  const auto role = leases_ ? Role::address_server : Role::proxy;
  const bool boots = add_boot(turn, reply, role, false);
  if (!boots && !leases_) return;
  turn.outcome.reason.clear();
  if (leases_) add_network(turn, reply);
  send(turn.outcome, boots ? Step::boot_acknowledged : Step::informed, request, turn.arrival,
       std::move(reply));
}

void Responder::release(Turn& turn) {
  const bool known = leases_->release(lease_client(turn), turn.request.ciaddr, turn.system_now);
  if (known) turn.outcome.step = Step::released;
  if (!known) turn.outcome.reason = "the address that it gives back is not its own";
}

void Responder::decline(Turn& turn) {
  const auto address = turn.request.options.address(option::requested_address);
  if (address && leases_->decline(lease_client(turn), *address, turn.system_now)) {
    turn.outcome.step = Step::declined;
    turn.outcome.reason = "another machine has " + address->text();
  } else {
    turn.outcome.reason = "the address that it declines is not its own";
  }
}

}  // namespace pixie::dhcp
