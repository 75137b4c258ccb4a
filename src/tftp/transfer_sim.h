// A TFTP client, a bad network and a server's edge in virtual time, for tests of Transfer.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "tftp/netascii.h"
#include "tftp/transfer.h"
#include "tftp/transfer_sim_client.h"
#include "wire/testing_network.h"

namespace pixie::tftp::sim {

using simulation::Link;

struct Scenario {
  ClientSpec client;
  std::uint64_t size = 0;
  Link down;
  Link up;
  /// How often the server's socket takes only a part of what is to be sent.
  double full_socket = 0;
  Limits limits;
};

struct Result {
  bool client_has_all = false;
  /// Of the transfer that was begun last.
  Outcome outcome = Outcome::running;
  std::uint64_t packets_down = 0;
  std::uint64_t packets_up = 0;
  std::uint64_t blocks_resent = 0;
  /// Packets that the network lost, doubled or delayed beyond others, and full sockets.
  std::uint64_t disturbances = 0;
  /// What the client has to get at least: OACK and blocks.
  std::uint64_t least_packets = 0;
  Duration took{};
  /// The first thing that must not happen but did.
  std::string violation;
};

/// Bytes in which a wrong place shows; line ends among them.
inline std::string file_of(std::uint64_t size) {
  std::string file(size, '\0');
  for (std::uint64_t i = 0; i < size; ++i)
    file[i] = static_cast<char>((i * 0x9e3779b97f4a7c15U >> 40) ^ i);
  return file;
}

/// The server's edge of one client port, which does for Transfer what net::TftpServer does.
struct Served {
  std::string request;
  Terms terms;
  std::optional<Transfer> transfer;
  TimePoint asked_at{};
  TimePoint heard_at{};
  /// Packets since the client's last one.
  std::uint64_t unanswered = 0;
  /// To a client that was never heard.
  std::uint64_t requests = 0;
  std::uint64_t bytes_unheard = 0;
  std::uint64_t first_answer_bytes = 0;
};

class Simulation {
 public:
  Simulation(const Scenario& scenario, std::uint64_t seed)
      : scenario_(scenario),
        dice_(seed),
        network_(dice_),
        file_(file_of(scenario.size)),
        sent_as_(scenario.client.netascii ? to_netascii(file_) : file_),
        client_(scenario.client, sent_as_, now_) {}

  Result run() {
    constexpr std::uint64_t most_events = 20'000'000;
    deliver_from_client();
    for (std::uint64_t events = 0; result_.violation.empty(); ++events) {
      const auto next = next_time();
      if (next == TimePoint::max()) break;
      if (events == most_events || next < now_) violate("it doesn't end");
      now_ = next;
      step();
    }
    return conclude();
  }

 private:
  void violate(std::string_view what) {
    if (result_.violation.empty()) result_.violation = what;
  }

  TimePoint next_time() const {
    auto next = std::min({client_.deadline(), network_.next(), socket_ready_at_});
    for (const auto& [port, served] : served_) {
      if (!served.transfer->over()) next = std::min(next, served.transfer->deadline());
    }
    return next;
  }

  void step() {
    if (now_ >= socket_ready_at_) socket_ready_at_ = TimePoint::max();
    if (const auto datagram = network_.take(now_)) {
      datagram->to_server ? receive_at_server(*datagram) : client_.receive(*datagram, now_);
    }
    client_.expire(now_);
    deliver_from_client();
    for (auto& [port, served] : served_) {
      served.transfer->expire(now_);
      flush(port, served);
    }
  }

  void deliver_from_client() {
    for (const auto& datagram : client_.take_out()) {
      ++result_.packets_up;
      network_.send(scenario_.up, datagram, now_);
    }
  }

  void receive_at_server(const Datagram& datagram) {
    const auto bytes = wire::as_bytes(datagram.bytes);
    const auto packet = parse(bytes).value();
    if (const auto* request = std::get_if<Request>(&packet)) return serve(datagram, *request);
    const auto found = served_.find(datagram.port);
    if (found == served_.end()) return violate("an ACK for no transfer");
    auto& served = found->second;
    served.heard_at = now_;
    served.unanswered = 0;
    served.transfer->receive(bytes, now_);
  }

  /// A repetition of a request, or a new one.
  void serve(const Datagram& datagram, const Request& request) {
    constexpr auto repetition_time = std::chrono::seconds(1);
    auto& served = served_[datagram.port];
    if (served.transfer && !served.transfer->over()) {
      ++served.requests;
      served.heard_at = now_;
      served.unanswered = 0;
      if (!served.transfer->heard()) {
        served.asked_at = now_;
        return served.transfer->receive(wire::as_bytes(datagram.bytes), now_);
      }
      if (now_ - served.asked_at < repetition_time) return;
    }
    served = {.request = datagram.bytes,
              .terms = negotiate(request, scenario_.limits, sent_as_.size()),
              .transfer = {},
              .asked_at = now_,
              .heard_at = now_,
              .requests = 1};
    served.transfer.emplace(served.terms, sent_as_.size(), scenario_.limits, datagram.bytes.size(),
                            now_);
    last_port_ = datagram.port;
  }

  void flush(std::uint16_t port, Served& served) {
    auto& transfer = *served.transfer;
    while (socket_ready_at_ == TimePoint::max()) {
      const auto pending = transfer.pending();
      if (!pending) return;
      if (transfer.over()) return violate("something to send after the end");
      auto count = pending->count;
      if (dice_.chance(scenario_.full_socket)) {
        count = static_cast<std::uint32_t>(dice_.below(count + 1));
        ++result_.disturbances;
        socket_ready_at_ = now_ + std::chrono::milliseconds(1);
      }
      for (std::uint32_t i = 0; i < count; ++i) send_packet(port, served, *pending, i);
      transfer.sent(count, now_);
    }
  }

  void send_packet(std::uint16_t port, Served& served, const Transfer::Pending& pending,
                   std::uint32_t index) {
    ++result_.packets_down;
    Datagram datagram{.port = port, .to_server = false, .bytes = {}};
    if (pending.kind == Transfer::Pending::oack) {
      std::byte buffer[max_oack_size];
      datagram.bytes = wire::as_text(write_oack(buffer, served.terms.accepted));
    } else if (pending.kind == Transfer::Pending::blocks) {
      datagram.bytes = data_packet(port, served.terms, pending.first_block + index);
    } else {
      violate("an ERROR of the server");
    }
    check_measure(served, datagram.bytes.size());
    network_.send(scenario_.down, datagram, now_);
  }

  std::string data_packet(std::uint16_t port, const Terms& terms, std::uint64_t block) {
    if (block < 1 || block > sent_as_.size() / terms.blksize + 1)
      violate("a block outside the file");
    if (port == client_.port() && port == last_port_ && !scenario_.client.restart &&
        block > client_.has() + terms.windowsize)
      violate("a block beyond the window");
    std::string packet(wire::as_text(data_header(block)));
    return packet.append(sent_as_, (block - 1) * terms.blksize, terms.blksize);
  }

  /// Nobody is sent much, or for long, without a sign of life.
  void check_measure(Served& served, std::size_t bytes) {
    const auto& limits = scenario_.limits;
    ++served.unanswered;
    // Once because of the last packet, once suspecting a gap, and the retries.
    if (served.unanswered > (limits.max_retries + 2U) * served.terms.windowsize)
      violate("too much without an answer");
    if (now_ - served.heard_at > limits.max_silence) violate("sent too late");
    if (served.transfer->heard()) return;
    if (served.first_answer_bytes == 0) served.first_answer_bytes = bytes;
    served.bytes_unheard += bytes;
    if (served.bytes_unheard > served.requests * served.first_answer_bytes +
                                   limits.max_amplification * served.request.size())
      violate("too many bytes for one who never answered");
  }

  Result conclude() {
    if (!client_.violation().empty()) violate(client_.violation());
    for (const auto& [port, served] : served_) {
      if (!served.transfer->over()) violate("the transfer isn't over");
    }
    if (const auto last = served_.find(last_port_); last != served_.end()) {
      const auto& [port, served] = *last;
      result_.outcome = served.transfer->outcome();
      result_.blocks_resent = served.transfer->statistics().blocks_resent;
      result_.least_packets =
          sent_as_.size() / served.terms.blksize + 1 + (served.terms.accepted.empty() ? 0 : 1);
    }
    result_.disturbances += network_.disturbances();
    result_.client_has_all = client_.done();
    result_.took = now_ - TimePoint{};
    return result_;
  }

  Scenario scenario_;
  simulation::Dice dice_;
  simulation::Network<Datagram> network_;
  const std::string file_;
  /// In netascii, or as it is.
  const std::string sent_as_;
  TimePoint now_{};
  Client client_;
  /// By the client's port.
  std::map<std::uint16_t, Served> served_;
  std::uint16_t last_port_ = 0;
  TimePoint socket_ready_at_ = TimePoint::max();
  Result result_;
};

}  // namespace pixie::tftp::sim
