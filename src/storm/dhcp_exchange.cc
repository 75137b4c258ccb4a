#include "storm/dhcp_exchange.h"

#include <algorithm>
#include <set>
#include <utility>

#include "storm/near.h"

namespace pixie::storm {

using dhcp::MessageType;
using doctor::Fault;

DhcpExchange::DhcpExchange(const Plan& plan, Link& link, Dice& dice, Traffic& traffic,
                           dhcp::Packet discover)
    : plan_(plan),
      link_(link),
      dice_(dice),
      traffic_(traffic),
      discover_(std::move(discover)),
      client_(dhcp::describe(discover_)),
      repetition_(plan.patience) {}

void DhcpExchange::start(TimePoint now) { enter(now, Phase::discovers, discover_); }

void DhcpExchange::enter(TimePoint now, Phase phase, dhcp::Packet packet) {
  phase_ = phase;
  packet_ = std::move(packet);
  if (phase != Phase::asks_boot_server) {
    // As a relay agent passes it on (RFC 1542 section 4.1.1).
    packet_.giaddr = plan_.own_address;
    packet_.hops = 1;
  }
  repetition_.begin(now);
  transmit();
}

void DhcpExchange::transmit() {
  if (dice_.falls(plan_.loss)) return;
  if (phase_ == Phase::asks_boot_server)
    return link_.send_dhcp({choice_.server, dhcp::pxe_port}, packet_);
  for (const auto& server : plan_.dhcp_servers)
    link_.send_dhcp({server, dhcp::server_port}, packet_);
}

void DhcpExchange::on_answer(TimePoint now, doctor::Offer answer) {
  if (!dhcp::answers(answer.packet, discover_) || dice_.falls(plan_.loss)) return;
  const auto type = answer.packet.message_type();
  if (phase_ == Phase::discovers && type == MessageType::offer) {
    offers_.push_back(std::move(answer));
    if (all_have_answered()) settle(now);
  } else if (phase_ == Phase::requests) {
    take_lease(now, answer);
  } else if (phase_ == Phase::asks_boot_server && type == MessageType::ack) {
    boot_answer_ = std::move(answer);
    choice_ = doctor::follow(choice_, *boot_answer_);
    end();
  }
}

bool DhcpExchange::all_have_answered() const {
  std::set<wire::IpAddress> servers;
  for (const auto& offer : offers_) servers.insert(offer.from);
  return servers.size() >= plan_.dhcp_servers.size();
}

/// The offers are all that there will be.
void DhcpExchange::settle(TimePoint now) {
  choice_ = doctor::choose(offers_, client_);
  if (doctor::any_stops_boot(choice_.findings)) return end();
  enter(now, Phase::requests, doctor::lease_request(discover_, choice_.address->packet));
}

void DhcpExchange::take_lease(TimePoint now, const doctor::Offer& answer) {
  const auto type = answer.packet.message_type();
  if (type == MessageType::nak) {
    const auto text = choice_.address->packet.yiaddr.text();
    return fail(Failure::of(
        doctor::make_finding(Fault::address_refused, {answer.server().text(), {}, text})));
  }
  if (type != MessageType::ack || answer.packet.yiaddr != choice_.address->packet.yiaddr) return;
  if (choice_.way == doctor::Way::boot_server) return ask_boot_server(now);
  end();
}

void DhcpExchange::ask_boot_server(TimePoint now) {
  if (!plan_.public_servers && !is_near(choice_.server)) {
    return fail(
        Failure::not_tried(choice_.server.text(), "a public address, which needs --public"));
  }
  enter(now, Phase::asks_boot_server, doctor::boot_server_request(discover_, plan_.own_address));
}

void DhcpExchange::end() {
  phase_ = Phase::over;
  const auto stopping = std::ranges::find_if(choice_.findings, &doctor::Finding::stops_boot);
  if (stopping != choice_.findings.end()) fail(Failure::of(*stopping));
}

void DhcpExchange::fail(Failure failure) {
  phase_ = Phase::over;
  failure_ = std::move(failure);
}

void DhcpExchange::on_deadline(TimePoint now) {
  if (is_over() || now < deadline()) return;
  if (phase_ == Phase::discovers && !offers_.empty()) {
    const auto choice = doctor::choose(offers_, client_);
    if (repetition_.is_over(now) || !doctor::any_stops_boot(choice.findings)) return settle(now);
  }
  if (repetition_.is_over(now)) {
    return fail(Failure::of(phase_ == Phase::asks_boot_server ? doctor::silent_boot_server(choice_)
                                                              : silent_server()));
  }
  repetition_.again(now);
  ++traffic_.repeats;
  transmit();
}

/// A server that answers others has nothing for this machine.
doctor::Finding DhcpExchange::silent_server() const {
  const auto server = link_.known_dhcp_server();
  return server && phase_ == Phase::discovers
             ? doctor::make_finding(Fault::pool_empty, {server->text(), {}, {}})
             : doctor::make_finding(Fault::no_dhcp_server, {});
}

TimePoint DhcpExchange::deadline() const {
  return is_over() ? TimePoint::max() : repetition_.deadline();
}

}  // namespace pixie::storm
