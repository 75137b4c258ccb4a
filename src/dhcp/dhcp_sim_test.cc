// Some machines and a server that gives addresses, over a network that loses, duplicates, reorders and delays; machines
// are reset and shut down, other hosts take addresses, the server is restarted with its journal: random scenarios by
// their seed (see wire/testing_network.h).
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "dhcp/machine_sim.h"
#include "dhcp/responder.h"

namespace pixie::dhcp::sim {
namespace {

using namespace std::chrono_literals;
using simulation::Link;
using simulation::Network;

constexpr std::uint64_t usual_seeds = 500;
constexpr unsigned machines = 5;
constexpr unsigned reserved_machine = 1;
constexpr Duration disturbed_time = 10min;
/// Longer than an offer is held, an address is put aside, and a lease lasts.
constexpr Duration quiet_time = 7min;

const auto everybody = ip("255.255.255.255");
const auto reserved_address = ip("10.0.0.50");

LeaseSettings lease_settings(unsigned addresses) {
  LeaseSettings settings;
  settings.ranges = {range("10.0.0.11", "10.0.0." + std::to_string(10 + addresses), "10.0.0.0/24")};
  settings.reservations = {
      {.mac = mac(reserved_machine), .address = reserved_address, .host_name = ""}};
  settings.min_time = 60s;
  settings.default_time = 120s;
  settings.decline_time = 60s;
  return settings;
}

struct Message {
  unsigned machine = 0;
  bool to_server = false;
  bool to_many = false;
  std::vector<std::byte> bytes;
};

std::vector<std::byte> bytes_of(const Packet& packet) {
  std::array<std::byte, max_message_size> buffer;
  const auto written = write(buffer, packet, max_message_size);
  return written ? std::vector(written->begin(), written->end()) : std::vector<std::byte>();
}

class World {
 public:
  explicit World(std::uint64_t seed)
      : dice_(seed),
        roomy_(dice_.below(2) == 0),
        // Those of other hosts are put aside, so that more are needed than there are machines.
        addresses_(roomy_ ? 40 : machines - 2),
        network_(dice_),
        up_(random_link()),
        down_(random_link()) {
    for (unsigned number = 0; number < machines; ++number) {
      machines_.emplace_back(number, dice_).reset(now_, 1s * dice_.below(20));
    }
    start_server();
  }

  /// The first thing that must not happen but did.
  std::string run() {
    run_until(TimePoint(disturbed_time), true);
    up_.loss = down_.loss = up_.duplication = down_.duplication = 0;
    if (!responder_) start_server();
    hosts_.clear();
    for (auto& machine : machines_) {
      if (machine.off()) machine.reset(now_, 1s);
    }
    run_until(now_ + quiet_time, false);
    check_journal();
    check_served();
    return violation_;
  }

 private:
  struct Hold {
    unsigned machine = 0;
    TimePoint until;
  };

  void violate(const std::string& what) {
    if (violation_.empty()) {
      const auto seconds =
          std::chrono::duration_cast<std::chrono::seconds>(now_.time_since_epoch());
      violation_ = what + " after " + std::to_string(seconds.count()) + " s";
    }
  }

  /// Nothing arrives later than a machine needs to start.
  Link random_link() {
    constexpr Duration delays[] = {1ms, 20ms, 150ms};
    return {.loss = dice_.fraction(0.3),
            .duplication = dice_.fraction(0.3),
            .reordering = dice_.fraction(0.3),
            .delay = dice_.one_of(delays)};
  }

  Leases::Time system_now() const {
    return at(std::chrono::duration_cast<std::chrono::seconds>(now_.time_since_epoch()));
  }

  void run_until(TimePoint end, bool disturbed) {
    auto disturbance = disturbed ? now_ : TimePoint::max();
    while (violation_.empty()) {
      auto next = std::min({network_.next(), disturbance, server_starts_});
      for (const auto& machine : machines_) next = std::min(next, machine.deadline());
      if (next >= end) break;
      now_ = next;
      if (now_ >= server_starts_) start_server();
      if (now_ >= disturbance) {
        disturb();
        disturbance = now_ + 1s * (1 + dice_.below(40));
      }
      if (const auto message = network_.take(now_)) receive(*message);
      for (auto& machine : machines_) {
        machine.expire(now_);
        send(machine);
      }
    }
    now_ = end;
  }

  void disturb() {
    auto& machine = machines_[dice_.below(machines)];
    const auto pause = 1s * (3 + dice_.below(20));
    switch (dice_.below(8)) {
      case 0:
        return stop_server();
      case 1:
        if (!machine.off()) hosts_.insert(ip("10.0.0." + std::to_string(11 + dice_.below(8))));
        return;
      case 2:
        return hosts_.clear();
      case 3:
        return machine.switch_off();
      case 4:
        machine.shut_down(now_, pause);
        return send(machine);
      case 5:
      case 6:
        return machine.start_system(now_, pause);
      default:
        return machine.reset(now_, pause);
    }
  }

  void start_server() {
    server_starts_ = TimePoint::max();
    leases_.emplace(*Leases::make(lease_settings(addresses_)));
    const auto complete = leases_->replay(file_, system_now());
    if (!complete) return violate(complete.error().text);
    file_.resize(*complete);
    if (file_.empty()) file_ = lease_journal_header();
    history_.emplace();
    responder_.emplace(
        ResponderSettings{.router = {},
                          .dns = {},
                          .domain = {},
                          .advertised = {},
                          .rom_for = [](std::uint16_t) -> std::string_view { return "rom.efi"; }},
        &*leases_, *history_);
  }

  /// Killed, perhaps in the middle of a line that was acknowledged to nobody.
  void stop_server() {
    if (!responder_) return;
    check_journal();
    if (dice_.below(4) == 0) file_ = leases_->snapshot(system_now());
    if (dice_.below(2) == 0) file_ += "lease 10.0.0.12 52:54";
    responder_.reset();
    server_starts_ = now_ + 1s * (1 + dice_.below(30));
  }

  void check_journal() {
    auto again = *Leases::make(lease_settings(addresses_));
    const auto complete = again.replay(file_, system_now());
    if (complete != file_.size()) return violate("a journal with a line that is not complete");
    if (again.snapshot(system_now()) != leases_->snapshot(system_now()))
      violate("the journal tells other leases than the table");
  }

  void send(Machine& machine) {
    // An address is given up at once; that a message tells of it, is the server's affair.
    for (const auto& question : machine.take_out()) {
      const auto type = question.packet.message_type();
      if (type == MessageType::release || type == MessageType::decline) let_go(machine.number());
      network_.send(up_, {machine.number(), true, question.to_many, bytes_of(question.packet)},
                    now_);
    }
    if (machine.take_declined()) kept_.erase(machine.number());
  }

  void receive(const Message& message) {
    const auto packet = parse(message.bytes);
    if (!packet) return violate(packet.error().text);
    if (message.to_server) return ask_server(message, *packet);
    auto& machine = machines_[message.machine];
    machine.receive(*packet, now_, [&](const auto& address) { return hosts_.contains(address); });
    if (const auto address = machine.address()) hold(machine, *address);
    send(machine);
  }

  void ask_server(const Message& message, const Packet& question) {
    if (!responder_) return;
    const Arrival arrival{.address = ip("10.0.0.1"),
                          .from = {question.ciaddr, client_port},
                          .to_many = message.to_many};
    auto outcome = ask(question, arrival);
    while (outcome.check_first && in_use(*outcome.check_first)) {
      leases_->conflict(*outcome.check_first, system_now());
      outcome = ask(question, arrival);
    }
    if (!outcome.reply) return;
    check_reply(message, question, *outcome.reply);
    network_.send(down_, {message.machine, false, false, bytes_of(outcome.reply->packet)}, now_);
  }

  Outcome ask(const Packet& question, const Arrival& arrival) {
    auto outcome = responder_->receive(question, arrival, now_, system_now());
    file_ += leases_->take_journal();
    return outcome;
  }

  bool in_use(const wire::IpAddress& address) const {
    return hosts_.contains(address) || std::ranges::any_of(machines_, [&](const Machine& machine) {
             return machine.address() == address;
           });
  }

  void check_reply(const Message& message, const Packet& question, const Reply& reply) {
    const auto& packet = reply.packet;
    const auto type = packet.message_type();
    const auto asked = question.message_type();
    if (!answers(packet, question)) violate("a reply to nobody");
    if (asked == MessageType::discover ? type != MessageType::offer
                                       : asked != MessageType::request ||
                                             (type != MessageType::ack && type != MessageType::nak))
      violate("a reply that doesn't fit the question");
    if (reply.to.address != everybody && reply.to.address != question.ciaddr &&
        reply.frame_to != question.mac())
      violate("a reply that can't arrive");
    if (type == MessageType::nak) return;
    if (bytes_of(packet).empty()) violate("a reply that can't be written");
    if (question.options.contains(option::vendor_class) && packet.file != "rom.efi")
      violate("no file for a boot client");
    check_address(message.machine, packet);
  }

  void check_address(unsigned machine, const Packet& packet) {
    const auto& address = packet.yiaddr;
    const auto time = std::chrono::seconds(packet.options.u32(option::lease_time).value_or(0));
    if (time < 60s || time > 24h) violate("a lease of " + std::to_string(time.count()) + " s");
    if (address == reserved_address ? machine != reserved_machine : !in_range(address))
      violate("an address of nobody's, or reserved for another: " + address.text());
    // The table counts whole seconds.
    const auto held = held_.find(address);
    if (held != held_.end() && held->second.machine != machine && held->second.until - 1s > now_)
      violate(address.text() + ", which another machine has");
    const auto kept = kept_.find(machine);
    if (roomy_ && kept != kept_.end() && kept->second != address)
      violate("another address than before");
  }

  bool in_range(const wire::IpAddress& address) const {
    return address >= ip("10.0.0.11") && address <= ip("10.0.0." + std::to_string(10 + addresses_));
  }

  /// The machine was told that the address is its own.
  void hold(const Machine& machine, const wire::IpAddress& address) {
    let_go(machine.number());
    held_[address] = {machine.number(), machine.until()};
    kept_[machine.number()] = address;
  }

  void let_go(unsigned machine) {
    std::erase_if(held_, [&](const auto& held) { return held.second.machine == machine; });
  }

  void check_served() {
    std::set<wire::IpAddress> in_use;
    for (const auto& machine : machines_) {
      if (machine.address() && !in_use.insert(*machine.address()).second)
        violate("two machines with one address");
    }
    // The reserved one is not of the range.
    if (in_use.size() != std::min<std::size_t>(machines, addresses_ + 1))
      violate(std::to_string(in_use.size()) + " machines have an address in the end");
  }

  Dice dice_;
  const bool roomy_;
  const unsigned addresses_;
  TimePoint now_{};
  Network<Message> network_;
  Link up_;
  Link down_;
  std::vector<Machine> machines_;
  /// Addresses of hosts that never asked.
  std::set<wire::IpAddress> hosts_;
  std::string file_;
  TimePoint server_starts_ = TimePoint::max();
  std::optional<Leases> leases_;
  std::optional<History> history_;
  std::optional<Responder> responder_;
  /// What machines were told and didn't give up, used or not.
  std::map<wire::IpAddress, Hold> held_;
  /// The address that each machine had last, unless it declined it.
  std::map<unsigned, wire::IpAddress> kept_;
  std::string violation_;
};

TEST(DhcpSim, NoAddressIsTwoMachinesAndEachKeepsItsOwn) {
  for (const auto seed : simulation::seeds(usual_seeds)) {
    ASSERT_EQ(World(seed).run(), "") << simulation::replay(seed);
  }
}

}  // namespace
}  // namespace pixie::dhcp::sim
