// Sending a response: head, texts and memory in gathered writes; files by sendfile.
#pragma once

#include <string_view>

#include "net/http_connection.h"

namespace pixie::net {

struct Sent {
  bool complete = false;
  std::uint64_t body_bytes = 0;
  /// Why it is not complete.
  std::string_view failure;
};

/// Sends head and pieces. A file that is shorter by now than its size at the time of the request ends the
/// connection: the length was promised.
Task<Sent> send_reply(Connection& connection, const Reply& reply);

/// Sends what comes through the channel until the client goes, falls behind, or pixie stops; meanwhile a remark
/// every 15 s, so that whoever stands between keeps the connection (Server-Sent Events, HTML section 9.2.7).
/// `sent` counts the bytes; its end is no failure.
Task<void> send_stream(Connection& connection, Channel& channel, Sent& sent);

/// Sends a text as it is. False: the connection is over.
Task<bool> send_text(Connection& connection, std::string_view text);

}  // namespace pixie::net
