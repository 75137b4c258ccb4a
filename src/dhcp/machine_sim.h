// A machine that asks for an address, in virtual time, for tests of Responder: its firmware, then its operating system,
// each under a client identifier of its own (RFC 2131 section 4.4). It may be reset at any moment.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dhcp/leases_testing.h"
#include "dhcp/option.h"
#include "dhcp/packet.h"
#include "wire/testing_network.h"

namespace pixie::dhcp::sim {

using simulation::Dice;
using simulation::Duration;
using simulation::TimePoint;

/// What a client sends: broadcast, or to the server alone.
struct Question {
  Packet packet;
  bool to_many = true;
};

class Machine {
 public:
  Machine(unsigned number, Dice& dice) : number_(number), dice_(&dice) {}

  unsigned number() const { return number_; }
  wire::Mac mac() const { return dhcp::mac(number_); }
  std::vector<Question> take_out() { return std::exchange(out_, {}); }
  TimePoint deadline() const { return deadline_; }
  bool off() const { return state_ == State::off; }

  /// The address that it uses.
  std::optional<wire::IpAddress> address() const {
    return state_ == State::bound ? std::optional(address_) : std::nullopt;
  }
  /// Of address(); told by the time of the request.
  TimePoint until() const { return until_; }

  /// Loses power; `pause` later its firmware asks.
  void reset(TimePoint now, Duration pause) { begin(Stage::firmware, now + pause); }
  /// Its operating system starts; with the address that it had, if it remembers it.
  void start_system(TimePoint now, Duration pause) { begin(Stage::system, now + pause); }
  /// Gives its address back.
  void shut_down(TimePoint now, Duration pause) {
    if (state_ == State::bound) {
      auto packet = message(MessageType::release);
      packet.ciaddr = address_;
      packet.options.set_address(option::server_identifier, server_);
      out_.push_back({packet, false});
    }
    begin(Stage::firmware, now + pause);
  }
  void switch_off() {
    state_ = State::off;
    deadline_ = TimePoint::max();
  }

  void expire(TimePoint now) {
    if (now < deadline_) return;
    if (state_ == State::bound && now < until_) return renew(now);
    if (state_ == State::rebooting && tries_ < 3) return ask_for_remembered(now);
    if (state_ == State::waiting && stage_ == Stage::system && remembered_) {
      tries_ = 0;
      return ask_for_remembered(now);
    }
    if (state_ == State::requesting && tries_ < 3) return select(now);
    discover(now);
  }

  /// `taken`: by another host, as ARP tells.
  template <class Taken>
  void receive(const Packet& reply, TimePoint now, const Taken& taken) {
    if (!answers(reply, last_)) return;
    const auto type = reply.message_type();
    if (type == MessageType::offer && state_ == State::selecting) {
      address_ = reply.yiaddr;
      server_ = *reply.options.address(option::server_identifier);
      tries_ = 0;
      select(now);
    } else if (type == MessageType::ack && asks_for_address()) {
      taken(reply.yiaddr) ? decline(reply.yiaddr, now) : bind(reply);
    } else if (type == MessageType::nak && asks_for_address()) {
      remembered_.reset();
      discover(now);
    }
  }

 private:
  enum class State : std::uint8_t { off, waiting, selecting, requesting, rebooting, bound };
  enum class Stage : std::uint8_t { firmware, system };

  bool asks_for_address() const {
    return state_ == State::requesting || state_ == State::rebooting ||
           (state_ == State::bound && renewing_);
  }

  void begin(Stage stage, TimePoint at) {
    stage_ = stage;
    state_ = State::waiting;
    tries_ = 0;
    deadline_ = at;
  }

  Packet message(MessageType type) {
    Packet packet;
    packet.xid = xid_;
    packet.flags = number_ % 2 == 0 ? Packet::broadcast_flag : std::uint16_t{0};
    std::ranges::copy(mac().octets, packet.chaddr.begin());
    packet.set_message_type(type);
    if (stage_ == Stage::firmware) {
      packet.options.set_text(option::vendor_class, "PXEClient:Arch:00007:UNDI:003016");
      packet.options.set_u16(option::client_architecture, 7);
    } else {
      packet.options.set_text(option::client_identifier, "\xffsystem" + std::to_string(number_));
    }
    return packet;
  }

  void ask(Packet packet, TimePoint now, bool to_many = true) {
    ++tries_;
    asked_at_ = now;
    deadline_ = now + std::chrono::milliseconds(2000 + dice_->below(4000));
    last_ = packet;
    out_.push_back({std::move(packet), to_many});
  }

  void new_exchange() { xid_ = static_cast<std::uint32_t>(dice_->below(1ULL << 32)); }

  void discover(TimePoint now) {
    state_ = State::selecting;
    renewing_ = false;
    new_exchange();
    ask(message(MessageType::discover), now);
  }

  void select(TimePoint now) {
    state_ = State::requesting;
    auto packet = message(MessageType::request);
    packet.options.set_address(option::requested_address, address_);
    packet.options.set_address(option::server_identifier, server_);
    ask(std::move(packet), now);
  }

  void ask_for_remembered(TimePoint now) {
    state_ = State::rebooting;
    new_exchange();
    auto packet = message(MessageType::request);
    packet.options.set_address(option::requested_address, *remembered_);
    ask(std::move(packet), now);
  }

  /// RENEWING asks the server, REBINDING any.
  void renew(TimePoint now) {
    renewing_ = true;
    new_exchange();
    auto packet = message(MessageType::request);
    packet.ciaddr = address_;
    ask(std::move(packet), now, now >= rebinds_at_);
    deadline_ = std::min(until_, now + std::chrono::seconds(10));
  }

  void decline(const wire::IpAddress& address, TimePoint now) {
    auto packet = message(MessageType::decline);
    packet.options.set_address(option::requested_address, address);
    packet.options.set_address(option::server_identifier, server_);
    out_.push_back({packet, true});
    declined_ = true;
    remembered_.reset();
    begin(stage_, now + std::chrono::seconds(10));
  }

  void bind(const Packet& reply) {
    const auto seconds = [&](std::uint8_t code) {
      return std::chrono::seconds(reply.options.u32(code).value_or(0));
    };
    state_ = State::bound;
    renewing_ = false;
    address_ = reply.yiaddr;
    server_ = *reply.options.address(option::server_identifier);
    remembered_ = address_;
    until_ = asked_at_ + seconds(option::lease_time);
    rebinds_at_ = asked_at_ + seconds(option::rebinding_time);
    deadline_ = asked_at_ + seconds(option::renewal_time);
  }

  unsigned number_;
  Dice* dice_;
  State state_ = State::off;
  Stage stage_ = Stage::firmware;
  bool renewing_ = false;
  int tries_ = 0;
  std::uint32_t xid_ = 0;
  Packet last_;
  wire::IpAddress address_;
  wire::IpAddress server_;
  std::optional<wire::IpAddress> remembered_;
  bool declined_ = false;
  TimePoint asked_at_{};
  TimePoint until_{};
  TimePoint rebinds_at_{};
  TimePoint deadline_ = TimePoint::max();
  std::vector<Question> out_;

 public:
  /// Whether it declined an address since the last call: it may get another one.
  bool take_declined() { return std::exchange(declined_, false); }
};

}  // namespace pixie::dhcp::sim
