// One simulated TFTP client: asks for a file, acknowledges what comes, repeats itself when nothing
// does, and compares every byte with what the file should hold. RFC 1350, 2347, 2348, 7440.
//
// It is written apart from src/tftp, so that a fault there can't hide itself here.
#pragma once

#include <netinet/in.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "tftp_port.h"
#include "wire/cursor.h"

namespace pixie::bench {

using Clock = std::chrono::steady_clock;

/// What all clients do.
struct Task {
  sockaddr_in server{};
  std::string file;
  /// What the file holds.
  wire::Bytes expected;
  std::uint16_t blksize = 1432;
  /// 1: the option is not sent.
  std::uint16_t windowsize = 1;
  /// Without an answer for so long, the last packet is sent again; `max_repeats` times, then the
  /// transfer has failed.
  std::chrono::milliseconds patience{1000};
  int max_repeats = 15;
  /// Never acknowledge the first block, and hold the transfer open.
  bool hold = false;
};

/// Sums over all clients.
struct Counters {
  std::uint64_t completed = 0;
  std::uint64_t failed = 0;
  std::uint64_t holding = 0;
  /// Of files, as received for the first time.
  std::uint64_t bytes = 0;
  std::uint64_t blocks = 0;
  /// Packets that clients sent again.
  std::uint64_t repeats = 0;
  /// Blocks that came again.
  std::uint64_t duplicates = 0;
  /// As negotiated last.
  std::uint16_t blksize = 512;
  std::uint16_t windowsize = 1;
  /// Why transfers failed.
  std::map<std::string, std::uint64_t> failures;
};

/// One transfer of a client that shares a port. Task, counters and port must outlive it.
class TftpClient {
 public:
  /// Sends the request. `number`: which of the port's clients it is.
  TftpClient(const Task& task, Counters& counters, TftpPort& port, std::size_t number,
             Clock::time_point now);

  bool over() const { return over_; }
  const TftpPort& port() const { return port_; }

  /// A datagram came for it.
  void receive(wire::Bytes datagram, const sockaddr_in& from, Clock::time_point now);
  /// Repeats the last packet if it is time.
  void expire(Clock::time_point now);
  /// Tells the server, if it has answered, that nothing more is wanted.
  void leave();

 private:
  void take_oack(wire::Reader& reader);
  void take_data(std::uint16_t number, wire::Bytes data);
  void acknowledge();
  void send_request();
  void send(wire::Bytes packet);
  void fail(const std::string& reason);

  const Task& task_;
  Counters& counters_;
  TftpPort& port_;
  std::size_t number_;
  /// The server's transfer port, once it has answered (RFC 1350 section 4).
  sockaddr_in peer_;
  bool answered_ = false;
  bool over_ = false;
  std::uint16_t blksize_ = 512;
  std::uint16_t windowsize_ = 1;
  /// Blocks received in order, without roll-over; those of them since the last ACK.
  std::uint64_t blocks_ = 0;
  std::uint64_t blocks_since_ack_ = 0;
  /// The gap after `blocks_` was reported.
  bool gap_reported_ = false;
  int repeats_ = 0;
  Clock::time_point now_;
  Clock::time_point active_at_;
};

}  // namespace pixie::bench
