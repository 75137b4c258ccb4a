#include "net/http_receive.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <optional>
#include <span>
#include <string_view>

#include <boost/beast/core/string.hpp>

#include "http/target.h"
#include "net/awaiting.h"
#include "net/http_send.h"

namespace pixie::net {
namespace {

using std::chrono::seconds;

// How long a client may take. iPXE itself gives up after 120 s of silence.
constexpr auto idle_time = seconds(60);
constexpr auto request_time = seconds(15);
constexpr auto stall_time = seconds(60);
constexpr auto linger_time = seconds(2);

constexpr std::size_t first_buffer_bytes = 1024;
constexpr std::size_t buffer_limit_bytes = RequestParser::header_limit_bytes + 4096;
/// Of a body that comes in pieces.
constexpr std::size_t body_buffer_bytes = 64 * 1024;
constexpr std::size_t piece_bytes = 1 << 20;
/// Read in one turn of the loop from one connection.
constexpr std::size_t reads_in_turn = 16;
constexpr std::string_view continue_text = "HTTP/1.1 100 Continue\r\n\r\n";

/// Makes room behind what is not yet parsed.
std::span<char> room_for_more(Connection& connection) {
  auto& buffer = connection.buffer;
  if (connection.parsed > 0) {
    std::copy(buffer.begin() + static_cast<std::ptrdiff_t>(connection.parsed),
              buffer.begin() + static_cast<std::ptrdiff_t>(connection.filled), buffer.begin());
    connection.filled -= std::exchange(connection.parsed, 0);
  }
  if (connection.filled == buffer.size()) {
    buffer.resize(std::max(buffer.size(),
                           std::clamp(buffer.size() * 2, first_buffer_bytes, buffer_limit_bytes)));
  }
  return std::span(buffer).subspan(connection.filled);
}

/// Reads once. False: the connection is over.
Task<bool> read_more(Connection& connection) {
  const auto room = room_for_more(connection);
  for (;;) {
    if (!connection.readable) co_await connection.ready_for(EPOLLIN);
    const auto count = connection.receive(room);
    if (count > 0) {
      connection.filled += static_cast<std::size_t>(count);
      // Less than there was room for: the next bytes bring an event of their own (epoll(7)). Not so with TLS, which
      // gives one record at a time.
      if (static_cast<std::size_t>(count) < room.size() && !connection.tls)
        connection.readable = connection.hung_up;
      co_return true;
    }
    if (count == 0 || (errno != EAGAIN && errno != EINTR)) co_return false;
    if (errno == EAGAIN) {
      connection.readable = false;
    } else {
      co_await connection.loop.others_turn();
    }
  }
}

/// RFC 9112 section 2.2: an empty line before the request line is ignored.
/// False: more must come before anything can be said.
bool skip_empty_lines(Connection& connection) {
  while (connection.unparsed().starts_with("\r\n")) connection.parsed += 2;
  return !connection.unparsed().empty() && connection.unparsed() != "\r";
}

bool is_for_backend(const Connection& connection) {
  const auto* backend = connection.loop.backend;
  const auto target = http::parse_target(connection.request.target);
  return backend && target && backend->answers(target->path);
}

/// What the header asks for before its body can be taken: RFC 9110 section 10.1.1.
Task<std::optional<RequestParser::Fault>> meet_expectation(Connection& connection, bool go_on) {
  const auto expected = connection.request.fields.find("Expect");
  if (!expected) co_return std::nullopt;
  if (!boost::beast::iequals(boost::beast::string_view(expected->data(), expected->size()),
                             "100-continue")) {
    co_return RequestParser::Fault{417, "The only expectation known here is 100-continue."};
  }
  if (go_on) co_await send_text(connection, continue_text);
  co_return std::nullopt;
}

}  // namespace

Task<Received> receive_request(Connection& connection, RequestParser& parser,
                               RequestParser::Fault& fault) {
  bool& begun = connection.request_begun;
  begun = false;
  bool header_seen = false;
  connection.set_idle(true);
  connection.allow(idle_time);
  for (std::size_t reads = 1;; ++reads) {
    const bool something = begun ? !connection.unparsed().empty() : skip_empty_lines(connection);
    if (something) {
      if (!std::exchange(begun, true)) connection.allow(request_time);
      const auto progress = parser.feed(connection.unparsed());
      connection.parsed += progress.consumed;
      if (progress.fault) {
        fault = *progress.fault;
        co_return Received::fault;
      }
      if (parser.is_header_done() && !std::exchange(header_seen, true)) {
        // The body of a method that is refused anyway is not waited for.
        if (connection.request.method == http::Method::other && !parser.is_done() &&
            !is_for_backend(connection)) {
          connection.request.last_on_connection = true;
          co_return Received::request;
        }
        const bool now = !parser.is_done() && !parser.body_comes_in_pieces();
        const auto unmet = co_await meet_expectation(connection, now);
        if (unmet) {
          fault = *unmet;
          co_return Received::fault;
        }
        if (parser.body_comes_in_pieces()) co_return Received::request;
      }
      if (parser.is_done()) co_return Received::request;
      if (progress.consumed > 0 && !connection.unparsed().empty()) continue;
    }
    if (connection.finishing && !begun) co_return Received::ended;
    // Of empty lines there may be any number.
    if (reads % reads_in_turn == 0) co_await connection.loop.others_turn();
    const bool more = co_await read_more(connection);
    if (more) continue;
    // Who sent nothing may leave, or be left, without a word about it.
    if (begun) connection.set_idle(false);
    co_return Received::ended;
  }
}

namespace {

/// Parses what was received of the body, up to a piece. False: that is no body.
bool parse_piece(Connection& connection, RequestParser& parser) {
  while (!parser.is_done() && connection.request.body.size() < piece_bytes &&
         !connection.unparsed().empty()) {
    const auto progress = parser.feed(connection.unparsed());
    connection.parsed += progress.consumed;
    if (progress.fault) return false;
    if (progress.consumed == 0) break;
  }
  return true;
}

/// False: no more is wanted.
Task<bool> hand_over(Connection& connection, Intake& intake) {
  connection.wait_without_limit();
  const std::string_view bytes = connection.request.body;
  const std::function<void(Called<bool>::Done)> start = [&intake, bytes](Called<bool>::Done done) {
    intake.take(bytes, std::move(done));
  };
  Called<bool> called(connection.loop, start);
  const bool more = co_await called;
  connection.request.body.clear();
  connection.allow(stall_time);
  co_return more;
}

}  // namespace

Task<http::Made> receive_body(Connection& connection, RequestParser& parser, Intake& intake) {
  auto& body = connection.request.body;
  if (connection.buffer.size() < body_buffer_bytes) connection.buffer.resize(body_buffer_bytes);
  connection.allow(stall_time);
  if (connection.request.fields.find("Expect")) co_await send_text(connection, continue_text);
  bool comes = true;
  bool wanted = true;
  while (comes && wanted) {
    comes = parse_piece(connection, parser) && !parser.is_done();
    if (comes && body.size() < piece_bytes) {
      comes = co_await read_more(connection);
      connection.allow(stall_time);
      if (comes) continue;
    }
    if (!body.empty()) wanted = co_await hand_over(connection, intake);
  }
  connection.wait_without_limit();
  const bool whole = parser.is_done() && wanted;
  const std::function<void(Called<http::Made>::Done)> start =
      [&intake, whole](Called<http::Made>::Done done) { intake.end(whole, std::move(done)); };
  Called<http::Made> called(connection.loop, start);
  auto made = co_await called;
  std::string().swap(body);
  co_return made;
}

Task<void> linger(Connection& connection) {
  connection.end_sending();
  connection.allow(linger_time);
  for (std::size_t reads = 1;; ++reads) {
    connection.parsed = connection.filled = 0;
    const bool more = co_await read_more(connection);
    if (!more) break;
    if (reads % reads_in_turn == 0) co_await connection.loop.others_turn();
  }
}

}  // namespace pixie::net
