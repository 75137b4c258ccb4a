// One file loaded as firmware or iPXE loads it: TFTP with its repetitions, or HTTP with redirections and the waiting
// that a busy server asks for. No sockets, no clock.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "doctor/fetch.h"
#include "storm/boot.h"
#include "storm/dice.h"
#include "storm/plan.h"
#include "storm/repetition.h"
#include "storm/tftp_reading.h"

namespace pixie::storm {

/// The head of an answer.
struct HttpHead {
  int status = 0;
  std::string location;
  /// Retry-After in seconds; nothing if it is absent or a date.
  std::optional<unsigned> retry_after;
};

class Loading {
 public:
  struct Manner {
    TftpHabit tftp;
    /// So much of the file's beginning is kept.
    std::size_t keep = 0;
  };

  /// What it refers to must outlive it.
  Loading(const Plan& plan, Link& link, Dice& dice, Traffic& traffic, std::string url,
          const Manner& manner);

  void start(TimePoint now);
  /// What the driver heard since. An errno of the port; why there is no connection, or no more.
  void on_datagram(TimePoint now, wire::Bytes datagram, const wire::Endpoint& from);
  void on_port_error(int error);
  void on_head(TimePoint now, const HttpHead& head);
  void on_body(TimePoint now, std::string_view bytes);
  void on_answer_end(TimePoint now);
  void on_connection_error(doctor::Fetch::Outcome outcome, std::string detail);
  void on_deadline(TimePoint now);

  TimePoint deadline() const;
  bool is_over() const { return over_; }
  /// Once it is over.
  const doctor::Fetch& result() const { return result_; }

 private:
  void read(TimePoint now, bool size_only);
  void ask(TimePoint now);
  void transmit(wire::Bytes packet);
  void end_reading(TimePoint now);
  void give_up(doctor::Fetch::Outcome outcome, std::string detail);

  const Plan& plan_;
  Link& link_;
  Dice& dice_;
  Traffic& traffic_;
  const Manner manner_;
  doctor::Fetch result_;
  wire::Endpoint server_;
  bool over_ = false;

  std::optional<TftpReading> reading_;
  Repetition repetition_;
  bool only_size_ = false;

  HttpHead head_;
  /// Until when the server's next byte is waited for, or when it is asked again.
  TimePoint next_ = TimePoint::max();
  bool waits_to_ask_ = false;
  int redirections_ = 0;
};

}  // namespace pixie::storm
