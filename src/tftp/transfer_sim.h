// A TFTP client and a bad network in virtual time, for tests of Transfer: everything random comes
// from one seed, so that a failure can be run again.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <queue>
#include <random>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "tftp/transfer.h"

namespace pixie::tftp::sim {

using Duration = Clock::duration;

/// One direction of the network. The fractions are probabilities for each packet.
struct Link {
  double loss = 0;
  double duplication = 0;
  double reordering = 0;
  Duration delay = std::chrono::milliseconds(1);
  Duration per_packet = std::chrono::microseconds(10);
};

/// What a client does with a data packet that it did not expect, and on its time-out.
enum class Habit : std::uint8_t {
  /// EDK2 (Mtftp4RrqHandleData): acknowledges what it has, for every such packet. Resends its last
  /// packet.
  answers_each,
  /// U-Boot (net/tftp.c): the same, but once for each block that is missing.
  answers_once,
  /// Waits for its time-out.
  silent,
};

struct ClientSpec {
  Options options;
  Habit habit = Habit::answers_each;
  bool sends_final_ack = true;
  Duration timeout = std::chrono::seconds(4);
  int retries = 20;
  /// After this many packets received it is gone.
  std::optional<std::uint64_t> vanishes_after;
};

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
  Outcome outcome = Outcome::running;
  std::uint64_t packets_down = 0;
  std::uint64_t packets_up = 0;
  std::uint64_t blocks_resent = 0;
  /// Packets that the network lost, doubled or delayed beyond others, and full sockets.
  std::uint64_t disturbances = 0;
  Duration took{};
  /// The first thing that must not happen but did.
  std::string violation;
};

/// The byte of the file at `offset`.
inline char file_byte(std::uint64_t offset) {
  return static_cast<char>((offset * 0x9e3779b97f4a7c15U >> 40) ^ offset);
}

inline std::string ack_packet(std::uint64_t block) {
  return {0, 4, static_cast<char>(block >> 8 & 0xff), static_cast<char>(block & 0xff)};
}

/// RFC 1350 and 7440, reading side.
class Client {
 public:
  Client(const ClientSpec& spec, std::uint64_t size, TimePoint now) : spec_(spec), size_(size) {
    send("request", now);
  }

  /// Packets to send; the text "request" stands for the request.
  std::vector<std::string> take_out() { return std::exchange(out_, {}); }
  TimePoint deadline() const { return idle() ? TimePoint::max() : deadline_; }
  bool done() const { return done_; }
  bool idle() const { return done_ || gave_up_ || vanished(); }
  std::uint64_t has() const { return has_; }
  const std::string& violation() const { return violation_; }

  void expire(TimePoint now) {
    if (idle() || now < deadline_) return;
    if (++tries_ > spec_.retries) {
      gave_up_ = true;
      return;
    }
    send(has_ > 0 && spec_.habit != Habit::answers_each ? ack_packet(acked_ = has_) : last_, now);
  }

  void receive(std::string_view datagram, TimePoint now) {
    if (vanished()) return;
    ++received_;
    const auto packet = parse(wire::as_bytes(datagram));
    if (!packet) {
      violation_ = packet.error().text;
    } else if (const auto* oack = std::get_if<Oack>(&*packet)) {
      receive_oack(oack->options, now);
    } else if (const auto* data = std::get_if<Data>(&*packet)) {
      receive_data(data->block, datagram.substr(4), now);
    } else {
      violation_ = "the server sent neither OACK nor data";
    }
  }

 private:
  bool vanished() const { return spec_.vanishes_after && received_ >= *spec_.vanishes_after; }

  void send(std::string packet, TimePoint now) {
    last_ = packet;
    out_.push_back(std::move(packet));
    deadline_ = now + spec_.timeout;
  }

  void acknowledge(TimePoint now) {
    acked_ = has_;
    send(ack_packet(has_), now);
  }

  void receive_oack(const Options& options, TimePoint now) {
    if (done_ || has_ > 0) return;
    if (options.tsize && options.tsize != size_) violation_ = "wrong tsize";
    blksize_ = options.blksize.value_or(default_blksize);
    windowsize_ = options.windowsize.value_or(1);
    acknowledge(now);
  }

  void receive_data(std::uint16_t block, std::string_view bytes, TimePoint now) {
    if (block != static_cast<std::uint16_t>(has_ + 1)) return receive_unexpected(now);
    if (done_) return;
    check(bytes);
    ++has_;
    tries_ = 0;
    deadline_ = now + spec_.timeout;
    done_ = bytes.size() < blksize_;
    if (done_ ? spec_.sends_final_ack : has_ - acked_ == windowsize_) acknowledge(now);
  }

  void receive_unexpected(TimePoint now) {
    const bool answers = spec_.habit == Habit::answers_each ||
                         (spec_.habit == Habit::answers_once && answered_ != has_);
    if (!answers || (done_ && !spec_.sends_final_ack)) return;
    answered_ = has_;
    acknowledge(now);
  }

  void check(std::string_view bytes) {
    const auto offset = has_ * blksize_;
    const auto expected = std::min<std::uint64_t>(blksize_, size_ - offset);
    if (bytes.size() != expected) violation_ = "a block of the wrong size";
    for (std::uint64_t i = 0; i < bytes.size(); ++i) {
      if (bytes[i] != file_byte(offset + i)) violation_ = "a wrong byte";
    }
  }

  ClientSpec spec_;
  std::uint64_t size_;
  std::uint64_t blksize_ = default_blksize;
  std::uint64_t windowsize_ = 1;
  std::uint64_t has_ = 0;    // blocks
  std::uint64_t acked_ = 0;  // the last one acknowledged
  std::optional<std::uint64_t> answered_;
  std::uint64_t received_ = 0;
  int tries_ = 0;
  bool done_ = false;
  bool gave_up_ = false;
  TimePoint deadline_;
  std::string last_;
  std::vector<std::string> out_;
  std::string violation_;
};

/// Client, network and the server's edge, which does for Transfer what sockets and timers will.
class Simulation {
 public:
  Simulation(const Scenario& scenario, std::uint64_t seed)
      : scenario_(scenario), random_(seed), client_(scenario.client, scenario.size, now_) {
    request_.options = scenario.client.options;
  }

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
  struct Event {
    TimePoint at;
    std::uint64_t order;
    enum Kind : std::uint8_t { to_server, to_client, socket_ready } kind;
    std::string packet;
    bool operator>(const Event& other) const {
      return std::tie(at, order) > std::tie(other.at, other.order);
    }
  };

  bool chance(double probability) {
    return std::uniform_real_distribution<double>(0, 1)(random_) < probability;
  }
  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }
  void violate(std::string_view what) {
    if (result_.violation.empty()) result_.violation = what;
  }

  TimePoint next_time() const {
    auto next = client_.deadline();
    if (transfer_ && !transfer_->over()) next = std::min(next, transfer_->deadline());
    if (!events_.empty()) next = std::min(next, events_.top().at);
    return next;
  }

  void step() {
    if (!events_.empty() && events_.top().at == now_) {
      const auto event = events_.top();
      events_.pop();
      if (event.kind == Event::to_client) client_.receive(event.packet, now_);
      if (event.kind == Event::to_server) receive_at_server(event.packet);
      if (event.kind == Event::socket_ready) socket_full_ = false;
    }
    client_.expire(now_);
    if (transfer_) transfer_->expire(now_);
    deliver_from_client();
    if (transfer_) flush();
  }

  void put(Event::Kind kind, TimePoint at, std::string packet) {
    events_.push({at, ++order_, kind, std::move(packet)});
  }

  void send(Event::Kind kind, const Link& link, TimePoint& line_free, const std::string& packet) {
    line_free = std::max(line_free, now_) + link.per_packet;
    const int copies = chance(link.loss) ? 0 : chance(link.duplication) ? 2 : 1;
    if (copies != 1) ++result_.disturbances;
    for (int i = 0; i < copies; ++i) {
      auto at = line_free + link.delay;
      if (chance(link.reordering)) {
        at += link.delay / 100 * static_cast<int>(below(300));
        ++result_.disturbances;
      }
      put(kind, at, packet);
    }
  }

  void deliver_from_client() {
    for (const auto& packet : client_.take_out()) {
      ++result_.packets_up;
      send(Event::to_server, scenario_.up, up_free_, packet);
    }
  }

  void receive_at_server(std::string_view packet) {
    const bool is_request = packet == "request";
    if (is_request && !transfer_) {
      terms_ = negotiate(request_, scenario_.limits, scenario_.size);
      transfer_.emplace(terms_, scenario_.size, scenario_.limits, now_);
    } else if (transfer_) {
      using std::literals::operator""sv;
      transfer_->receive(wire::as_bytes(is_request ? "\0\1file\0octet\0"sv : packet), now_);
    }
  }

  void flush() {
    while (!socket_full_) {
      const auto pending = transfer_->pending();
      if (!pending) return;
      if (transfer_->over()) violate("something to send after the end");
      auto count = pending->count;
      if (chance(scenario_.full_socket)) {
        count = static_cast<std::uint32_t>(below(count + 1));
        socket_full_ = true;
        ++result_.disturbances;
        put(Event::socket_ready, now_ + std::chrono::milliseconds(1), {});
      }
      for (std::uint32_t i = 0; i < count; ++i) send_packet(*pending, i);
      transfer_->sent(count, now_);
    }
  }

  void send_packet(const Transfer::Pending& pending, std::uint32_t index) {
    ++result_.packets_down;
    std::string packet;
    if (pending.kind == Transfer::Pending::oack) {
      std::byte buffer[max_oack_size];
      packet = wire::as_text(write_oack(buffer, terms_.accepted));
    } else if (pending.kind == Transfer::Pending::blocks) {
      packet = data_packet(pending.first_block + index);
    } else {
      violate("an ERROR of the server");
    }
    send(Event::to_client, scenario_.down, down_free_, packet);
  }

  std::string data_packet(std::uint64_t block) {
    if (block < 1 || block > scenario_.size / terms_.blksize + 1)
      violate("a block outside the file");
    if (block > client_.has() + terms_.windowsize) violate("a block beyond the window");
    const auto header = data_header(block);
    std::string packet(wire::as_text(header));
    const auto begin = (block - 1) * terms_.blksize;
    const auto end = std::min(scenario_.size, begin + terms_.blksize);
    for (auto offset = begin; offset < end; ++offset) packet += file_byte(offset);
    return packet;
  }

  Result conclude() {
    if (!client_.violation().empty()) violate(client_.violation());
    if (transfer_) {
      if (result_.violation.empty() && !transfer_->over()) violate("the transfer isn't over");
      result_.outcome = transfer_->outcome();
      result_.blocks_resent = transfer_->statistics().blocks_resent;
    }
    result_.client_has_all = client_.done();
    result_.took = now_ - TimePoint{};
    return result_;
  }

  Scenario scenario_;
  std::mt19937_64 random_;
  TimePoint now_{};
  Client client_;
  Request request_;
  Terms terms_;
  std::optional<Transfer> transfer_;
  bool socket_full_ = false;
  TimePoint up_free_{};
  TimePoint down_free_{};
  std::uint64_t order_ = 0;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  Result result_;
};

}  // namespace pixie::tftp::sim
