// One transfer on its loop: the engine, the body it reads, the way to its client.
#pragma once

#include <string>

#include "net/body_events.h"
#include "net/tftp_server.h"

namespace pixie::net {

class TftpServer::Session final : public Timed {
 public:
  Session(TftpServer& server, std::uint64_t number_, const Datagram& datagram, std::string path,
          tree::Body body_, const tftp::Terms& terms, TimePoint now)
      : number(number_),
        route(datagram.route),
        file(std::move(path)),
        request(wire::as_text(datagram.payload)),
        body(std::move(body_)),
        reads_file(!body.memory()),
        transfer(terms, body.size(), server.settings_.limits, request.size(), now),
        progress(body.size()),
        asked_at(now),
        server_(server) {}

  TimePoint deadline() const override { return ended ? lingers_until : transfer.deadline(); }
  void on_deadline(TimePoint now) override;
  /// There are no options to acknowledge first.
  bool began_with_block() const { return transfer.terms().accepted.empty(); }

  /// No other session of this server ever had it.
  const std::uint64_t number;
  const Route route;
  const std::string file;
  /// The machine's script, if it is one.
  std::optional<Given> given;
  /// The datagram that began it: the same one again is a repetition, another one a new request.
  const std::string request;
  tree::Body body;
  const bool reads_file;
  std::uint64_t translated_bytes = 0;
  tftp::Transfer transfer;
  Progress progress;
  /// When its request came last.
  TimePoint asked_at;
  bool in_ready_list = false;
  bool gso = true;
  /// Over and reported; stays a little to swallow what is still on its way.
  bool ended = false;
  TimePoint lingers_until{};

 private:
  TftpServer& server_;
};

}  // namespace pixie::net
