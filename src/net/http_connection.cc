#include "net/http_connection.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <ctime>

#include <boost/beast/core/string.hpp>
#include <fmt/format.h>

#include "events/catalogue.h"
#include "net/awaiting.h"
#include "net/body_events.h"
#include "net/http_parser.h"
#include "net/http_send.h"

namespace pixie::net {
namespace {

using std::chrono::seconds;

// How long a client may take. iPXE itself gives up after 120 s of silence.
constexpr auto idle_time = seconds(60);
constexpr auto request_time = seconds(15);
constexpr auto linger_time = seconds(2);

constexpr std::size_t first_buffer_bytes = 1024;
constexpr std::size_t buffer_limit_bytes = RequestParser::header_limit_bytes + 4096;

/// Makes room behind what is not yet parsed.
std::span<char> room_for_more(Connection& connection) {
  auto& buffer = connection.buffer;
  if (connection.parsed > 0) {
    std::copy(buffer.begin() + static_cast<std::ptrdiff_t>(connection.parsed),
              buffer.begin() + static_cast<std::ptrdiff_t>(connection.filled), buffer.begin());
    connection.filled -= std::exchange(connection.parsed, 0);
  }
  if (connection.filled == buffer.size()) {
    buffer.resize(std::clamp(buffer.size() * 2, first_buffer_bytes, buffer_limit_bytes));
  }
  return std::span(buffer).subspan(connection.filled);
}

/// Reads once. False: the connection is over.
Task<bool> read_more(Connection& connection) {
  const auto room = room_for_more(connection);
  for (;;) {
    if (!connection.readable) co_await connection.ready_for(EPOLLIN);
    const auto count = recv(connection.number(), room.data(), room.size(), 0);
    if (count > 0) {
      connection.filled += static_cast<std::size_t>(count);
      // Less than there was room for: the next bytes bring an event of their own (epoll(7)).
      if (static_cast<std::size_t>(count) < room.size()) connection.readable = connection.hung_up;
      co_return true;
    }
    if (count == 0 || (errno != EAGAIN && errno != EINTR)) co_return false;
    if (errno == EAGAIN) connection.readable = false;
  }
}

/// RFC 9112 section 2.2: an empty line before the request line is ignored.
/// False: more must come before anything can be said.
bool skip_empty_lines(Connection& connection) {
  while (connection.unparsed().starts_with("\r\n")) connection.parsed += 2;
  return !connection.unparsed().empty() && connection.unparsed() != "\r";
}

enum class Received { request, fault, ended };

bool is_for_backend(const Connection& connection) {
  const auto* backend = connection.loop.backend;
  const auto target = http::parse_target(connection.request.target);
  return backend && target && backend->answers(target->path);
}

/// What the header asks for before its body can be taken: RFC 9110 section 10.1.1.
Task<std::optional<RequestParser::Fault>> meet_expectation(Connection& connection,
                                                           bool body_follows) {
  const auto expected = connection.request.fields.find("Expect");
  if (!expected) co_return std::nullopt;
  if (!boost::beast::iequals(boost::beast::string_view(expected->data(), expected->size()),
                             "100-continue")) {
    co_return RequestParser::Fault{417, "The only expectation known here is 100-continue."};
  }
  if (body_follows) co_await send_text(connection, "HTTP/1.1 100 Continue\r\n\r\n");
  co_return std::nullopt;
}

/// Receives the next request into `connection.request`; a fault has the status to answer with.
Task<Received> receive(Connection& connection, RequestParser::Fault& fault) {
  connection.request.clear();
  RequestParser parser(connection.request);
  bool header_seen = false;
  connection.set_idle(true);
  connection.allow(idle_time);
  for (;;) {
    const bool something =
        connection.idle() ? skip_empty_lines(connection) : !connection.unparsed().empty();
    if (something) {
      if (connection.idle()) connection.allow(request_time);
      connection.set_idle(false);
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
        const auto unmet = co_await meet_expectation(connection, !parser.is_done());
        if (unmet) {
          fault = *unmet;
          co_return Received::fault;
        }
      }
      if (parser.is_done()) co_return Received::request;
      if (progress.consumed > 0 && !connection.unparsed().empty()) continue;
    }
    if (connection.finishing && connection.idle()) co_return Received::ended;
    const bool more = co_await read_more(connection);
    if (!more) co_return Received::ended;
  }
}

/// After an error some of the request may still be on its way; closing at once would make the kernel send a
/// reset that can overtake the answer (RFC 9112 section 9.6).
Task<void> linger(Connection& connection) {
  shutdown(connection.number(), SHUT_WR);
  connection.allow(linger_time);
  for (std::size_t rounds = 0; rounds < 64; ++rounds) {
    connection.parsed = connection.filled = 0;
    const bool more = co_await read_more(connection);
    if (!more) break;
  }
}

void report(Connection& connection, const Reply& reply, const Sent& sent, TimePoint began) {
  auto& events = connection.loop.events;
  const auto& kind = !sent.complete                 ? events::http_aborted
                     : reply.rom_missing            ? events::rom_missing
                     : reply.response.status == 503 ? events::http_deferred
                     : reply.response.status >= 500 ? events::http_failed
                     : reply.response.status >= 400 ? events::http_refused
                                                    : events::http_done;
  if (!events.wants(kind)) return;
  const std::chrono::duration<double> took = Clock::now() - began;
  const auto client = connection.peer.text();
  const auto agent = connection.request.fields.find("User-Agent").value_or("");
  const auto machine = machine_of(connection, reply);
  const auto mac = machine ? machine->colons() : "";
  const auto reason = !sent.complete ? sent.failure : std::string_view(reply.fault);
  const std::string_view path =
      reply.path.empty() ? std::string_view(connection.request.target) : reply.path;
  events.emit(kind, {{"client", client},
                     {"mac", mac.empty() ? "-" : std::string_view(mac)},
                     {"method", connection.request.method_text},
                     {"path", path.substr(0, 512)},
                     {"what", reply.body ? what_of(*reply.body) : "-"},
                     {"status", reply.response.status},
                     {"bytes", sent.body_bytes},
                     {"seconds", took.count()},
                     {"rate", fmt::format("{:.1f}MB/s", static_cast<double>(sent.body_bytes) / 1e6 /
                                                            std::max(took.count(), 1e-6))},
                     {"agent", agent.substr(0, 128)},
                     {"reason", reason.empty() ? "-" : reason}});
  if (reply.body && reply.body->kind == tree::Body::Kind::no_script) {
    events.emit(events::script_missing, {{"client", client}, {"mac", mac}});
  }
}

/// Asks the backend.
Task<Reply> ask_backend(Connection& connection, const http::Target& target) {
  const Backend::Call call{connection.request, target, connection.peer, connection.server};
  const std::function<void(Called<Backend::Answer>::Done)> start =
      [&connection, &call](Called<Backend::Answer>::Done done) {
        connection.loop.backend->answer(call, std::move(done));
      };
  Called<Backend::Answer> called(connection.loop, start);
  auto answer = co_await called;
  auto reply = reply_with(connection.request, std::move(answer), std::time(nullptr));
  reply.path = target.path;
  co_return reply;
}

/// Finds what is made for the machine that asks.
Task<Reply> ask_desk(Connection& connection, const Elsewhere& elsewhere) {
  const Asker asker{
      .peer = connection.peer.address,
      .server = connection.server,
      .says = [&elsewhere](std::string_view name) { return elsewhere.target.query(name); },
      .looks_only = connection.request.method == http::Method::head};
  const std::function<void(Called<Found>::Done)> start = [&connection, &elsewhere,
                                                          &asker](Called<Found>::Done done) {
    find_wanted(connection.loop, *elsewhere.wanted, asker, std::move(done));
  };
  Called<Found> called(connection.loop, start);
  auto found = co_await called;
  auto reply = reply_with(connection.request, std::move(found), std::time(nullptr));
  reply.path = elsewhere.target.path;
  co_return reply;
}

/// The reply to the request that was received.
Task<Reply> find_reply(Connection& connection) {
  auto& loop = connection.loop;
  auto answered = answer(loop.tree, loop.backend, connection.request, std::time(nullptr));
  if (auto* reply = std::get_if<Reply>(&answered)) co_return std::move(*reply);
  const auto& elsewhere = std::get<Elsewhere>(answered);
  // However long it takes: the answer will come.
  connection.wait_without_limit();
  if (elsewhere.wanted) {
    auto reply = co_await ask_desk(connection, elsewhere);
    co_return reply;
  }
  auto reply = co_await ask_backend(connection, elsewhere.target);
  co_return reply;
}

/// What the machines' history and the log are told of a reply before it is sent.
void announce(Connection& connection, Reply& reply) {
  auto& loop = connection.loop;
  if (!reply.body || connection.request.method == http::Method::head) return;
  if (loop.on_fetch) {
    if (const auto machine = machine_of(connection, reply))
      loop.on_fetch(*machine, reply.body->kind);
  }
  const bool is_own_script = reply.body->kind == tree::Body::Kind::file && reply.body->machine;
  if (is_own_script && !reply.given)
    reply.given = Given{*reply.body->machine, machines::Because::own_script, {}, {}, {}};
  if (reply.given) report_script(loop, *reply.given, connection.peer.text());
}

/// A place for what is large; nothing if all are taken.
std::optional<TransferLimit::Place> take_place(Loop& loop, const Reply& reply) {
  auto* limit = loop.transfer_limit;
  const bool counts = limit && !limit->is_off() && reply.body && reply.body->file() &&
                      reply.response.body_bytes >= TransferLimit::large_bytes;
  if (!counts) return TransferLimit::Place(nullptr);
  if (!limit->take()) return std::nullopt;
  return TransferLimit::Place(limit);
}

Reply come_again(const http::Request& request, TransferLimit& limit, std::string path) {
  const auto seconds = fmt::format("{}", limit.retry_after());
  return {.response = http::error_response(&request, 503,
                                           "As many files are being sent as may be. Come again.",
                                           std::time(nullptr), {{"Retry-After", seconds}}),
          .path = std::move(path)};
}

/// Answers the request that was received. False: the connection ends after it.
Task<bool> respond(Connection& connection) {
  const auto began = Clock::now();
  connection.request.last_on_connection |= connection.finishing;
  auto reply = co_await find_reply(connection);
  const auto place = take_place(connection.loop, reply);
  if (!place) {
    auto path = std::move(reply.path);
    reply = come_again(connection.request, *connection.loop.transfer_limit, std::move(path));
  }
  announce(connection, reply);
  auto sent = co_await send_reply(connection, reply);
  if (sent.complete && reply.stream) co_await send_stream(connection, *reply.stream, sent);
  if (!sent.complete && reply.given) take_back(connection.loop, *reply.given);
  report(connection, reply, sent, began);
  if (!sent.complete) co_return false;
  if (reply.response.close && reply.response.status >= 400) co_await linger(connection);
  if (reply.response.close) connection.timed_out = false;
  co_return !reply.response.close;
}

Task<void> refuse(Connection& connection, const RequestParser::Fault& fault) {
  Reply reply{
      .response = http::error_response(nullptr, fault.status, fault.sentence, std::time(nullptr)),
      .body = {},
      .path = {},
      .fault = std::string(fault.sentence)};
  co_await send_reply(connection, reply);
  const auto client = connection.peer.text();
  connection.loop.events.emit(
      events::http_malformed,
      {{"client", client}, {"status", fault.status}, {"reason", fault.sentence}});
  co_await linger(connection);
}

Task<void> serve(Connection& connection, std::function<void()> ended) {
  try {
    RequestParser::Fault fault{};
    for (bool first = true;; first = false) {
      const auto turn = connection.loop.turn();
      const auto received = co_await receive(connection, fault);
      // Who sends requests without waiting for answers gets one of them in each turn.
      if (!first && connection.loop.turn() == turn) co_await connection.loop.others_turn();
      if (received == Received::fault) co_await refuse(connection, fault);
      if (received != Received::request) break;
      const bool again = co_await respond(connection);
      if (!again) break;
    }
    if (connection.timed_out && !connection.idle())
      connection.loop.events.emit(events::http_timeout, {{"client", connection.peer.text()}});
  } catch (const std::exception& error) {  // out of memory
    connection.loop.events.emit(events::http_failed,
                                {{"client", connection.peer.text()}, {"reason", error.what()}});
  }
  ended();
}

}  // namespace

std::optional<wire::Mac> machine_of(Connection& connection, const Reply& reply) {
  if (reply.body && reply.body->machine) return reply.body->machine;
  return connection.loop.machine_at(connection.peer.address, 0);
}

Connection::Connection(Loop& loop_, IdleConnections& idle_connections, tree::Descriptor socket,
                       const wire::Endpoint& peer_, const wire::IpAddress& server_)
    : Watched(loop_, std::move(socket), EPOLLIN | EPOLLRDHUP | EPOLLET),
      loop(loop_),
      peer(peer_),
      server(server_),
      idle_connections_(idle_connections) {}

void Connection::start(std::function<void()> ended) {
  serving_ = serve(*this, std::move(ended));
  serving_.start();
}

void Connection::on_ready(std::uint32_t events) {
  const auto over = events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR);
  hung_up |= over != 0;
  readable |= (events & EPOLLIN) != 0 || hung_up;
  if (waiting_ && ((events & awaited_) != 0 || over != 0)) std::exchange(waiting_, {}).resume();
}

void Connection::allow(Clock::duration time) {
  deadline_ = Clock::now() + time;
  loop.watch(*this);
}

void Connection::set_idle(bool idle) {
  if (idle == idle_) return;
  idle_ = idle;
  if (idle) {
    idle_since_ = Clock::now();
    place_ = idle_connections_.insert(idle_connections_.end(), this);
  } else {
    idle_connections_.erase(place_);
  }
}

void Connection::close() {
  Watched::close();
  if (waiting_) loop.soon([waiting = std::exchange(waiting_, {})] { waiting.resume(); });
}

void Connection::wait_without_limit() {
  deadline_ = TimePoint::max();
  loop.watch(*this);
}

void Connection::wake() {
  if (waiting_) std::exchange(waiting_, {}).resume();
}

void Connection::on_deadline(TimePoint) {
  if (streaming) return wake();
  timed_out = true;
  close();
}

void Connection::finish() {
  finishing = true;
  if (idle_) close();
  if (streaming) wake();
}

}  // namespace pixie::net
