#include "doctor/timeline.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "dhcp/option.h"
#include "dhcp/printable.h"

namespace pixie::doctor {
namespace {

namespace option = dhcp::option;
using dhcp::MessageType;

constexpr std::uint16_t tftp_port = 69;
/// Transfers and connections that are remembered at a time.
constexpr std::size_t max_flows = 16384;

std::string shown(std::string_view text) { return dhcp::printable(wire::as_bytes(text)); }

bool is_dhcp_port(std::uint16_t port) {
  return port == dhcp::server_port || port == dhcp::client_port || port == dhcp::pxe_port;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

/// A ROM or a script that every machine loads: to have it says nothing about the machine's own.
bool is_common(std::string_view path) {
  const auto name = lower(path.substr(path.rfind('/') + 1));
  return name == "chain.ipxe" || name == "autoexec.ipxe" || name.ends_with(".efi") ||
         name.ends_with(".kpxe") || name.ends_with(".pxe") || name.ends_with(".0");
}

std::string offer_text(const Offer& offer) {
  const auto& packet = offer.packet;
  std::string text = offer.is_proxy() ? "no address" : packet.yiaddr.text();
  if (!offer.boot_file().empty()) {
    text += fmt::format(", {} on {}", offer.boot_file(), packet.siaddr.text());
  }
  const auto vendor_class = packet.options.text(option::vendor_class);
  if (vendor_class) text += fmt::format(", {}", shown(*vendor_class));
  return text;
}

std::string client_text(const dhcp::ClientFacts& client) {
  std::string text(dhcp::firmware_name(client.firmware));
  if (!client.architectures.empty()) {
    text += fmt::format(", {}", dhcp::architecture_name(client.architectures.front()));
  }
  if (!client.relay.giaddr.is_unspecified()) {
    text += fmt::format(", through the relay agent {}", client.relay.giaddr.text());
  }
  return text;
}

std::string_view verb(Step step) {
  switch (step) {
    case Step::discover:
      return "asks for an address (DISCOVER)";
    case Step::offer:
      return "is offered";
    case Step::request:
      return "asks for the offer (REQUEST)";
    case Step::ack:
      return "is given";
    case Step::nak:
      return "is refused its address (NAK)";
    case Step::decline:
      return "declines its address (DECLINE)";
    case Step::boot_server_request:
      return "asks on port 4011";
    case Step::boot_server_answer:
      return "is answered on port 4011";
    case Step::arp_request:
      return "looks for (ARP)";
    case Step::arp_conflict:
      return "shares its address";
    case Step::tftp_request:
      return "asks by TFTP";
    case Step::tftp_error:
      return "is refused by TFTP";
    case Step::tftp_stalled:
      return "repeats its TFTP request";
    case Step::tftp_done:
      return "has by TFTP";
    case Step::http_connect:
      return "connects";
    case Step::http_closed:
      return "finds the port closed";
    case Step::http_request:
      return "asks by HTTP";
    case Step::http_answer:
      return "is answered by HTTP";
  }
  return "";
}

}  // namespace

std::string describe(const Event& event) {
  auto text = std::string(verb(event.step));
  if (event.status != 0) text += fmt::format(" {}", event.status);
  if (!event.file.empty()) text += fmt::format(" {}", event.file);
  if (!event.server.is_unspecified()) text += fmt::format(" [{}]", event.server.text());
  if (event.no_script) text += ": there is no script for it";
  if (!event.detail.empty()) text += fmt::format(": {}", event.detail);
  return text;
}

std::size_t Machine::count(Step step) const {
  return static_cast<std::size_t>(std::ranges::count(events, step, &Event::step));
}

const Event* Machine::last(Step step) const {
  const auto found = std::find_if(events.rbegin(), events.rend(),
                                  [step](const Event& event) { return event.step == step; });
  return found == events.rend() ? nullptr : &*found;
}

void Timeline::udp(TimePoint now, const Path& path, wire::Bytes payload) {
  if (is_dhcp_port(path.to.port)) {
    const auto packet = dhcp::parse(payload);
    if (!packet || !packet->mac()) return;
    const bool from_server = packet->op == dhcp::Packet::boot_reply;
    from_server ? dhcp_reply(now, path, *packet) : dhcp_request(now, path, *packet);
    return;
  }
  if (path.to.port == tftp_port) return tftp_request(now, path, payload);
  const auto flow = transfers_.find(path.to);
  if (flow != transfers_.end() && flow->second.server.address == path.from.address) {
    tftp_answer(now, path, flow->second, payload);
  }
}

void Timeline::dhcp_request(TimePoint now, const Path& path, const dhcp::Packet& packet) {
  const auto facts = dhcp::describe(packet);
  const auto type = packet.message_type();
  const auto known = machines_.find(*packet.mac());
  // DECLINE carries none of the options that tell a boot client.
  if (!facts.is_boot_client() && type != MessageType::decline) {
    if (known != machines_.end()) known->second.left_firmware = true;
    return;
  }
  if (type == MessageType::decline && known == machines_.end()) return;
  auto* machine = this->machine(*packet.mac());
  if (!machine) return;
  if (type == MessageType::decline) return decline(now, *machine, packet);
  Event event{.at = now, .step = Step::request, .server = {}, .file = {}, .detail = {}};
  machine->client = facts;
  machine->left_firmware = false;
  if (!facts.is_ipxe) machine->firmware = facts;
  event.in_ipxe = facts.is_ipxe;
  event.detail = client_text(facts);
  if (type == MessageType::discover) {
    event.step = Step::discover;
    machine->offers.clear();
    if (!facts.is_ipxe) machine->got_script = false;
  } else if (path.to.port == dhcp::pxe_port) {
    event.step = Step::boot_server_request;
    event.server = path.to.address;
  } else {
    event.server = packet.options.address(option::server_identifier).value_or(wire::IpAddress());
  }
  add(*machine, std::move(event));
}

void Timeline::decline(TimePoint now, Machine& machine, const dhcp::Packet& packet) {
  const auto& options = packet.options;
  add(machine,
      {.at = now,
       .step = Step::decline,
       .in_ipxe = machine.client.is_ipxe,
       .server = options.address(option::server_identifier).value_or(wire::IpAddress()),
       .file = {},
       .detail = options.address(option::requested_address).value_or(machine.address).text()});
}

void Timeline::dhcp_reply(TimePoint now, const Path& path, const dhcp::Packet& packet) {
  const auto known = machines_.find(*packet.mac());
  Offer offer{path.from.address, path.from_mac, {}, packet};
  const auto type = packet.message_type();
  constexpr std::size_t max_servers = 64;
  if (!offer.is_proxy() && type != MessageType::nak && dhcp_servers_.size() < max_servers) {
    dhcp_servers_.insert(offer.server());
  }
  if (known == machines_.end()) return;
  auto& machine = known->second;
  Event event{.at = now,
              .step = Step::ack,
              .in_ipxe = machine.client.is_ipxe,
              .server = offer.server(),
              .file = offer.boot_file(),
              .detail = offer_text(offer)};
  const bool was_asked =
      !machine.events.empty() && machine.events.back().step == Step::boot_server_request;
  if (type == MessageType::offer) {
    event.step = Step::offer;
    constexpr std::size_t max_offers = 16;
    if (machine.offers.size() < max_offers) machine.offers.push_back(offer);
  } else if (type == MessageType::nak) {
    event.step = Step::nak;
    event.detail = shown(packet.options.text(option::message).value_or("without a reason"));
  } else if (path.from.port == dhcp::pxe_port || path.to.port == dhcp::pxe_port ||
             (offer.is_proxy() && was_asked)) {
    event.step = Step::boot_server_answer;
  } else if (!offer.is_proxy()) {
    if (addresses_.size() >= max_machines) addresses_.clear();
    machine.address = packet.yiaddr;
    addresses_[packet.yiaddr] = machine.mac;
  }
  add(machine, std::move(event));
}

void Timeline::arp(TimePoint now, const wire::Mac& sender_mac, const wire::IpAddress& sender,
                   const wire::IpAddress& target, bool is_reply) {
  searches_.erase(sender);
  if (searches_.size() >= max_machines) searches_.clear();
  if (!is_reply) {
    auto& search = searches_[target];
    search.asker = sender;
    ++search.count;
  }
  const auto known = machines_.find(sender_mac);
  if (known != machines_.end() && !is_reply && target != known->second.address) {
    auto& machine = known->second;
    if (machine.left_firmware) return;
    Event event{.at = now,
                .step = Step::arp_request,
                .in_ipxe = machine.client.is_ipxe,
                .server = target,
                .file = {},
                .detail = {}};
    return add(machine, std::move(event));
  }
  const auto owner = addresses_.find(sender);
  if (owner == addresses_.end() || owner->second == sender_mac) return;
  auto& machine = machines_.at(owner->second);
  Event event{.at = now,
              .step = Step::arp_conflict,
              .in_ipxe = machine.client.is_ipxe,
              .server = {},
              .file = {},
              .detail = fmt::format("{}, which {} has too", sender.text(), sender_mac.colons())};
  add(machine, std::move(event));
}

const Timeline::Search* Timeline::search_for(const wire::IpAddress& address) const {
  const auto found = searches_.find(address);
  return found == searches_.end() ? nullptr : &found->second;
}

Machine* Timeline::machine(const wire::Mac& mac) {
  const auto known = machines_.find(mac);
  if (known != machines_.end()) return &known->second;
  if (machines_.size() >= max_machines) return nullptr;
  auto& machine = machines_[mac];
  machine.mac = mac;
  return &machine;
}

Machine* Timeline::machine_at(const wire::IpAddress& address, const wire::Mac& mac) {
  const auto owner = addresses_.find(address);
  const auto known = machines_.find(owner == addresses_.end() ? mac : owner->second);
  return known == machines_.end() || known->second.left_firmware ? nullptr : &known->second;
}

void Timeline::add(Machine& machine, Event event) {
  const auto same = [&event](const Event& other) {
    return std::tie(event.step, event.in_ipxe, event.server, event.file, event.status) ==
           std::tie(other.step, other.in_ipxe, other.server, other.file, other.status);
  };
  if (std::ranges::none_of(machine.events, same)) machine.progress_at = event.at;
  event.number = ++count_;
  news_.push_back({machine.mac, event});
  machine.events.push_back(std::move(event));
  if (machine.events.size() > Machine::max_events) machine.events.pop_front();
}

Timeline::Flow& Timeline::open(Flows& flows, const wire::Endpoint& client, Flow flow) {
  if (flows.size() >= max_flows) flows.clear();
  return flows.insert_or_assign(client, std::move(flow)).first->second;
}

void Timeline::loaded(Machine& machine, Event event) {
  const auto path = std::string_view(event.file).substr(0, event.file.find('?'));
  if (event.in_ipxe && !event.no_script && !is_common(path)) machine.got_script = true;
  add(machine, std::move(event));
}

}  // namespace pixie::doctor
