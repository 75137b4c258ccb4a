// One file sent to one client, as a state machine without sockets or clock: datagrams and the time
// go in; what to send, a deadline and an outcome come out.
//
// RFC 1350 in lock step, RFC 2347 options, RFC 7440 windows. Its owner asks pending() after every
// event, sends that, and tells sent() how much of it went out. `now` never goes back.
//
// When data is sent again:
// - The deadline passed: all that is out, with a pause that doubles. RFC 2349's `timeout`, when the
//   client sent it, is the pause every time.
// - With a window above 1, an ACK of less than what is out says that the block after it is missing
//   (RFC 7440 section 4), and what follows it is sent again at once. But EDK2 sends such an ACK for
//   *every* block that it did not expect, also for each one that it already has, so that believing
//   them all would double the traffic for the rest of the transfer. Therefore an ACK that may be
//   the echo of blocks sent twice is only a suspicion, and acted on if no progress follows within
//   about a round trip.
// - In lock step never because of an ACK: a duplicated one would double every packet from there on
//   (the Sorcerer's Apprentice, RFC 1123 section 4.2.3.1).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tftp/packet.h"
#include "tftp/rtt.h"
#include "wire/cursor.h"

namespace pixie::tftp {

using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;

/// What the server allows and how patient it is.
struct Limits {
  /// Bytes, from min_blksize.
  std::uint16_t max_blksize = tftp::max_blksize;
  /// Blocks, from 1.
  std::uint16_t max_windowsize = 64;
  /// Seconds. Who asks for more doesn't get the option: it would keep its place for that long without a word.
  std::uint8_t max_timeout = 30;

  /// The pause before something is sent again, without RFC 2349's option: at first, then bounds for
  /// what the measured round-trip time says.
  std::chrono::milliseconds initial_pause{1000};
  std::chrono::milliseconds min_pause{200};
  std::chrono::milliseconds max_pause{4000};

  /// How often something is sent again without a sign of life in between: in general; to a client
  /// that never answered (it may be the forged sender of a request); after the last block.
  std::uint8_t max_retries = 6;
  std::uint8_t max_unheard_retries = 3;
  std::uint8_t max_final_retries = 4;
  /// Bytes that are sent again to a client that never answered, as a multiple of its request's. The
  /// first block is mostly more than that allows: who asks without options has to ask again.
  std::uint8_t max_amplification = 4;

  /// How long to listen on after the last retry: U-Boot and tftp-hpa repeat their last ACK after
  /// 5 s.
  std::chrono::milliseconds last_wait{11'000};
  /// How long a client may be silent in all.
  std::chrono::milliseconds max_silence{60'000};
  /// How long a client may answer without getting on.
  std::chrono::milliseconds max_stall{120'000};
};

/// What client and server agreed on.
struct Terms {
  std::uint16_t blksize = default_blksize;
  std::uint16_t windowsize = 1;
  /// The option acknowledgment to send; if it is empty, none is, and data comes at once.
  Options accepted;
};

/// Accepts of the request's options what `limits` allow, never more than was asked for and nothing
/// that was not, as EDK2 refuses either (Mtftp4RrqOackValid). `size` in bytes as they are sent (so
/// after to_netascii()), or nothing if it is unknown, when `tsize` is left out.
Terms negotiate(const Request& request, const Limits& limits, std::optional<std::uint64_t> size);

enum class Outcome : std::uint8_t {
  running,
  complete,
  /// All was sent, but the last acknowledgment didn't come. Some clients never send it: not a
  /// failure.
  final_ack_lost,
  /// The client wanted to know the size and left: the first half of what every EDK2 does. Not a
  /// failure.
  size_probe,
  /// The client sent an ERROR: see error_code() and error_text().
  aborted_by_client,
  timed_out,
  /// abort() was called.
  aborted,
};

struct Statistics {
  TimePoint started;
  /// Data packets, those of `blocks_resent` among them.
  std::uint64_t blocks_sent = 0;
  std::uint64_t blocks_resent = 0;
  /// Bytes of the file that the client has.
  std::uint64_t bytes_acknowledged = 0;
};

/// Not thread-safe. Doesn't allocate but for the text of an ERROR.
class Transfer {
 public:
  struct Pending {
    enum Kind : std::uint8_t { oack, blocks, error } kind;
    /// With `blocks`: the first, counted from 1 without roll-over, and how many, all of them full
    /// but perhaps the file's last one. Otherwise 0 and 1.
    std::uint64_t first_block;
    std::uint32_t count;
  };

  /// Sends `size` bytes. `limits` must outlive the transfer. `request_size`: the request's bytes.
  Transfer(const Terms& terms, std::uint64_t size, const Limits& limits, std::size_t request_size,
           TimePoint now);

  /// Takes a datagram from the client's address and port; anything unfit is ignored. The client's
  /// own request, come again, counts as a sign that the first answer was lost: the owner tells it
  /// from another one.
  void receive(wire::Bytes datagram, TimePoint now);

  /// Acts if the deadline has passed; does nothing if it has not.
  void expire(TimePoint now);
  /// When expire() must be called. May move either way with every call.
  TimePoint deadline() const { return deadline_; }

  /// What to send next, if anything.
  std::optional<Pending> pending() const;
  /// The first `count` packets of pending() were sent; none of them need be.
  void sent(std::uint32_t count, TimePoint now);

  /// Ends the transfer with an ERROR to the client, for example if the file was truncated
  /// meanwhile.
  void abort(std::uint16_t code, std::string_view text, TimePoint now);

  /// Ends the transfer as if the client had been silent for too long.
  void give_up();

  /// Nothing is left to do: pending() stays empty and the transfer may be destroyed.
  bool over() const { return stage_ == Stage::over; }
  /// Anything but `running` is final, though an ERROR packet may still be pending.
  Outcome outcome() const { return outcome_; }

  /// The client's ERROR, its text fit for a log, or that given to abort().
  std::uint16_t error_code() const { return error_code_; }
  const std::string& error_text() const { return error_text_; }

  const Terms& terms() const { return terms_; }
  /// The client sent something fit since its request.
  bool heard() const { return heard_; }
  /// When it did so last; before, when the transfer began.
  TimePoint heard_at() const { return heard_at_; }
  Statistics statistics() const;

 private:
  enum class Stage : std::uint8_t { oack, data, error, over };

  void receive_ack(std::uint16_t wire_block, TimePoint now);
  void receive_error(const ErrorPacket& error);
  void receive_repeated_request();
  void alive(TimePoint now);
  void progress(std::uint64_t acknowledged, TimePoint now);
  void gap_after(std::uint64_t acknowledged, TimePoint now);
  void send_again();
  void arm(TimePoint now);
  void finish(Outcome outcome);

  Clock::duration pause() const;
  std::uint64_t total_blocks() const { return size_ / terms_.blksize + 1; }
  bool all_sent() const { return highest_ == total_blocks(); }
  std::uint8_t retry_limit() const;
  std::uint8_t unheard_retries(std::size_t request_size) const;
  bool gives_up(TimePoint now) const;

  Terms terms_;
  std::uint64_t size_;
  const Limits* limits_;

  // Blocks, counted from 1 without roll-over.
  std::uint64_t acknowledged_ = 0;
  std::uint64_t next_ = 1;
  std::uint64_t highest_ = 0;  // of those ever sent
  std::uint64_t trusted_from_ =
      0;  // an ACK of this or more can't be the echo of a block sent twice
  std::uint64_t blocks_sent_ = 0;
  std::uint64_t blocks_resent_ = 0;

  TimePoint started_;
  TimePoint sent_at_;
  TimePoint heard_at_;
  TimePoint progress_at_;
  TimePoint deadline_;
  RoundTrip round_trip_;

  Stage stage_;
  Outcome outcome_ = Outcome::running;
  bool oack_is_out_ = false;
  bool oack_was_sent_ = false;  // once at least
  bool heard_ = false;
  bool suspects_gap_ = false;
  std::uint8_t suspicions_ = 0;  // acted on without progress since
  std::uint8_t retries_ = 0;     // without a sign of life since
  std::uint8_t doublings_ = 0;   // of the pause
  std::uint8_t unheard_retries_;
  std::uint16_t error_code_ = 0;
  std::string error_text_;
};

static_assert(sizeof(void*) != 8 || sizeof(Transfer) <= 200, "many thousands live at once");

}  // namespace pixie::tftp
