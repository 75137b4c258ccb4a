// How a machine gets its address and learns what to boot, by way of a relay agent: DISCOVER, OFFER, REQUEST, ACK, and
// port 4011 where firmware asks there. No sockets, no clock.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "dhcp/client.h"
#include "dhcp/packet.h"
#include "doctor/offers.h"
#include "storm/boot.h"
#include "storm/dice.h"
#include "storm/plan.h"
#include "storm/repetition.h"

namespace pixie::storm {

class DhcpExchange {
 public:
  /// What it refers to must outlive it.
  DhcpExchange(const Plan& plan, Link& link, Dice& dice, Traffic& traffic, dhcp::Packet discover);
  DhcpExchange(const DhcpExchange&) = delete;

  void start(TimePoint now);
  void on_answer(TimePoint now, doctor::Offer answer);
  void on_deadline(TimePoint now);

  TimePoint deadline() const;
  bool is_over() const { return phase_ == Phase::over; }
  /// Once it is over; nothing: choice() has the address and a file.
  const std::optional<Failure>& failure() const { return failure_; }
  const doctor::Choice& choice() const { return choice_; }
  const dhcp::ClientFacts& client() const { return client_; }

 private:
  enum class Phase : std::uint8_t { discovers, requests, asks_boot_server, over };

  void enter(TimePoint now, Phase phase, dhcp::Packet packet);
  void transmit();
  void settle(TimePoint now);
  void take_lease(TimePoint now, const doctor::Offer& answer);
  void ask_boot_server(TimePoint now);
  void end();
  void fail(Failure failure);
  bool all_have_answered() const;
  doctor::Finding silent_server() const;

  const Plan& plan_;
  Link& link_;
  Dice& dice_;
  Traffic& traffic_;
  const dhcp::Packet discover_;
  const dhcp::ClientFacts client_;
  Phase phase_ = Phase::discovers;
  /// What is sent until it is answered.
  dhcp::Packet packet_;
  Repetition repetition_;
  std::vector<doctor::Offer> offers_;
  std::optional<doctor::Offer> boot_answer_;
  doctor::Choice choice_;
  std::optional<Failure> failure_;
};

}  // namespace pixie::storm
