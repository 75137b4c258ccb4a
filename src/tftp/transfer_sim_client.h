// A TFTP client in virtual time, for tests of Transfer: with the habits of real ones, and it may vanish or be reset in
// the middle.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "tftp/packet.h"
#include "wire/testing_network.h"

namespace pixie::tftp::sim {

using simulation::Duration;
using simulation::TimePoint;

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

/// It loses power in the middle, and asks anew later.
struct Restart {
  /// After this many packets received.
  std::uint64_t after = 0;
  Duration pause{};
  /// It asks from the same port as before, as ROMs do that begin at a fixed one.
  bool same_port = false;
};

struct ClientSpec {
  Options options;
  Habit habit = Habit::answers_each;
  bool netascii = false;
  bool sends_final_ack = true;
  Duration timeout = std::chrono::seconds(4);
  int retries = 20;
  /// After this many packets received it is gone.
  std::optional<std::uint64_t> vanishes_after;
  std::optional<Restart> restart;
};

/// A datagram and the client's port.
struct Datagram {
  std::uint16_t port = 0;
  bool to_server = false;
  std::string bytes;
};

inline std::string ack_packet(std::uint64_t block) {
  return {0, 4, static_cast<char>(block >> 8 & 0xff), static_cast<char>(block & 0xff)};
}

inline std::string request_packet(const ClientSpec& spec) {
  std::string packet{0, 1};
  const auto add = [&](std::string_view text) { (packet += text) += '\0'; };
  const auto add_option = [&](std::string_view name, const auto& value) {
    if (value) add(name), add(std::to_string(*value));
  };
  add("file");
  add(spec.netascii ? "netascii" : "octet");
  add_option("tsize", spec.options.tsize);
  add_option("blksize", spec.options.blksize);
  add_option("windowsize", spec.options.windowsize);
  add_option("timeout", spec.options.timeout);
  return packet;
}

/// RFC 1350 and 7440, reading side. `file` is what it must get, and outlives it.
class Client {
 public:
  Client(const ClientSpec& spec, std::string_view file, TimePoint now) : spec_(spec), file_(file) {
    begin(now);
  }

  std::vector<Datagram> take_out() { return std::exchange(out_, {}); }
  TimePoint deadline() const { return idle() ? TimePoint::max() : deadline_; }
  bool done() const { return done_; }
  bool idle() const { return done_ || gave_up_ || vanished(); }
  /// Blocks.
  std::uint64_t has() const { return has_; }
  std::uint16_t port() const { return port_; }
  const std::string& violation() const { return violation_; }

  void expire(TimePoint now) {
    if (idle() || now < deadline_) return;
    if (std::exchange(off_, false)) return begin(now);
    if (++tries_ > spec_.retries) {
      gave_up_ = true;
      return;
    }
    send(has_ > 0 && spec_.habit != Habit::answers_each ? ack_packet(acked_ = has_) : last_, now);
  }

  void receive(const Datagram& datagram, TimePoint now) {
    if (vanished() || off_ || datagram.port != port_) return;
    ++received_;
    if (spec_.restart && !done_ && received_ >= spec_.restart->after) return lose_power(now);
    const auto packet = parse(wire::as_bytes(datagram.bytes));
    if (!packet) {
      violation_ = packet.error().text;
    } else if (const auto* oack = std::get_if<Oack>(&*packet)) {
      receive_oack(oack->options, now);
    } else if (const auto* data = std::get_if<Data>(&*packet)) {
      receive_data(data->block, std::string_view(datagram.bytes).substr(4), now);
    } else {
      violation_ = "the server sent neither OACK nor data";
    }
  }

 private:
  bool vanished() const { return spec_.vanishes_after && received_ >= *spec_.vanishes_after; }

  void begin(TimePoint now) {
    has_ = acked_ = 0;
    tries_ = 0;
    answered_.reset();
    blksize_ = default_blksize;
    windowsize_ = 1;
    agreed_ = spec_.options.empty();
    send(request_packet(spec_), now);
  }

  void lose_power(TimePoint now) {
    off_ = true;
    deadline_ = now + spec_.restart->pause;
    if (!spec_.restart->same_port) ++port_;
    spec_.restart.reset();
  }

  void send(std::string packet, TimePoint now) {
    last_ = packet;
    out_.push_back({.port = port_, .to_server = true, .bytes = std::move(packet)});
    deadline_ = now + spec_.timeout;
  }

  void acknowledge(TimePoint now) {
    acked_ = has_;
    send(ack_packet(has_), now);
  }

  void receive_oack(const Options& options, TimePoint now) {
    if (done_ || has_ > 0) return;
    const auto& asked = spec_.options;
    if (options.tsize != (asked.tsize ? std::optional<std::uint64_t>(file_.size()) : std::nullopt))
      violation_ = "wrong tsize";
    if (options.blksize > asked.blksize || options.windowsize > asked.windowsize ||
        options.timeout != asked.timeout)
      violation_ = "options that were not asked for";
    blksize_ = options.blksize.value_or(default_blksize);
    windowsize_ = options.windowsize.value_or(1);
    agreed_ = true;
    acknowledge(now);
  }

  void receive_data(std::uint16_t block, std::string_view bytes, TimePoint now) {
    // What comes before the options are agreed on is of the time before the restart.
    if (!agreed_) return;
    if (block != static_cast<std::uint16_t>(has_ + 1)) return receive_unexpected(now);
    if (done_) return;
    if (bytes != file_.substr(std::min<std::size_t>(has_ * blksize_, file_.size()), blksize_))
      violation_ = "a wrong block";
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

  ClientSpec spec_;
  std::string_view file_;
  std::uint16_t port_ = 2070;
  std::uint64_t blksize_ = default_blksize;
  std::uint64_t windowsize_ = 1;
  std::uint64_t has_ = 0;    // blocks
  std::uint64_t acked_ = 0;  // the last one acknowledged
  std::optional<std::uint64_t> answered_;
  std::uint64_t received_ = 0;
  int tries_ = 0;
  bool agreed_ = false;
  bool off_ = false;
  bool done_ = false;
  bool gave_up_ = false;
  TimePoint deadline_;
  std::string last_;
  std::vector<Datagram> out_;
  std::string violation_;
};

}  // namespace pixie::tftp::sim
