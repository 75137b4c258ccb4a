// One TFTP read as a client does it (RFC 1350, 2347, 2348, 2349, 7440): a datagram in, the answer to it out. No sockets,
// no clock.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "doctor/fetch.h"
#include "wire/address.h"
#include "wire/cursor.h"

namespace pixie::storm {

/// What a client asks for.
struct TftpHabit {
  std::uint16_t blksize = 512;
  /// 1: the option is not sent.
  std::uint16_t windowsize = 1;
  /// Asks for the size, refuses the transfer then, and asks anew, as firmware does (EDK2's PxeBcBoot.c).
  bool probes_size = false;
};

class TftpReading {
 public:
  /// `server` is where the request goes. Size, beginning (`keep` bytes) and outcome are put into `result`, which must
  /// outlive the reading. `size_only`: only the size is wanted.
  TftpReading(const wire::Endpoint& server, std::string_view file, const TftpHabit& habit,
              bool size_only, std::size_t keep, doctor::Fetch& result);

  enum class Turn : std::uint8_t {
    /// Nothing new.
    waits,
    /// packet() is to be sent.
    sends,
    /// So it is, and all is done: `result` has the outcome.
    ends,
    /// All is done, and nothing to be sent.
    ended,
  };
  Turn take(wire::Bytes datagram, const wire::Endpoint& from);

  /// What is to be sent, and where to.
  wire::Bytes packet() const { return wire::Bytes(packet_).first(packet_size_); }
  /// After a silence: what is to be sent now.
  wire::Bytes again();
  const wire::Endpoint& peer() const { return peer_; }
  /// Whether the server ever answered.
  bool answered() const { return answered_; }

 private:
  void write_request(std::string_view file, const TftpHabit& habit);
  Turn take_options(wire::Bytes datagram);
  Turn take_data(std::uint16_t number, std::string_view content);
  Turn acknowledge();
  Turn leave(doctor::Fetch::Outcome outcome, std::string_view told);

  wire::Endpoint peer_;
  TftpHabit habit_;
  bool size_only_;
  std::size_t keep_;
  doctor::Fetch& result_;
  std::array<std::byte, 600> packet_;
  std::size_t packet_size_ = 0;
  bool answered_ = false;
  std::size_t block_size_ = 512;
  unsigned window_ = 1;
  /// In order; those of them that are not acknowledged.
  std::uint64_t blocks_ = 0;
  unsigned unacknowledged_ = 0;
  /// A gap after `blocks_` has been told.
  bool gap_told_ = false;
};

}  // namespace pixie::storm
