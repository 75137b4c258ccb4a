#include "net/http_connection.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <expected>

#include <boost/beast/core/string.hpp>
#include <fmt/format.h>

#include "events/catalogue.h"
#include "net/awaiting.h"
#include "net/body_events.h"
#include "net/http_parser.h"
#include "net/http_receive.h"
#include "net/http_send.h"
#include "net/http_tls.h"
#include "net/transfer_limit.h"

namespace pixie::net {
namespace {

using std::chrono::seconds;

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

/// Asks the backend; what has no end comes as a stream.
Task<Reply> ask_backend(Connection& connection, RequestParser& parser, const http::Target& target) {
  const Backend::Call call{connection.request, target, connection.peer, connection.server.address};
  const std::function<void(Called<Backend::Answer>::Done)> start =
      [&connection, &call](Called<Backend::Answer>::Done done) {
        connection.loop.backend->answer(call, std::move(done));
      };
  Called<Backend::Answer> called(connection.loop, start);
  auto answer = co_await called;
  if (answer.intake) {
    auto made = co_await receive_body(connection, parser, *answer.intake);
    answer.made = std::move(made);
  }
  // A body that nobody took stands before the next request.
  connection.request.last_on_connection |= !parser.is_done();
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
Task<Reply> find_reply(Connection& connection, RequestParser& parser) {
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
  auto reply = co_await ask_backend(connection, parser, elsewhere.target);
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

/// A place for what is large, or the pause after which to come again. What is still being fetched comes no faster than
/// its upstream sends, and takes none.
std::expected<TransferLimit::Place, TransferLimit::ComeAgain> take_place(
    const Connection& connection, const Reply& reply) {
  auto* limit = connection.loop.transfer_limit;
  const bool counts = limit && !limit->is_off() && reply.body && reply.body->file() >= 0 &&
                      !reply.growing && reply.response.body_bytes >= TransferLimit::large_bytes;
  if (!counts) return TransferLimit::Place();
  const auto& machine = connection.peer.address;
  if (const auto pause = limit->take(machine, Clock::now())) return std::unexpected(*pause);
  return TransferLimit::Place(*limit, machine);
}

Reply come_again(const http::Request& request, TransferLimit::ComeAgain pause, std::string path) {
  const auto seconds = fmt::format("{}", pause.count());
  return {.response = http::error_response(&request, 503,
                                           "As many files are being sent as may be. Come again.",
                                           std::time(nullptr), {{"Retry-After", seconds}}),
          .path = std::move(path)};
}

/// Answers the request that was received. False: the connection ends after it.
Task<bool> respond(Connection& connection, RequestParser& parser) {
  const auto began = Clock::now();
  connection.request.last_on_connection |= connection.finishing;
  auto reply = co_await find_reply(connection, parser);
  const auto place = take_place(connection, reply);
  if (!place) {
    auto path = std::move(reply.path);
    reply = come_again(connection.request, place.error(), std::move(path));
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
    const RequestParser::TakesBody takes_body = [&connection](const http::Request& request) {
      return connection.loop.backend && connection.loop.backend->takes_body(request);
    };
    bool open = true;
    if (connection.tls) open = co_await shake_hands(connection);
    for (bool first = true; open; first = false) {
      const auto turn = connection.loop.turn();
      connection.request.clear();
      RequestParser parser(connection.request, takes_body);
      const auto received = co_await receive_request(connection, parser, fault);
      if (received != Received::ended) connection.set_idle(false);
      // Who sends requests without waiting for answers gets one of them in each turn.
      if (!first && connection.loop.turn() == turn) co_await connection.loop.others_turn();
      if (received == Received::fault) co_await refuse(connection, fault);
      if (received != Received::request) break;
      open = co_await respond(connection, parser);
    }
    if (connection.tls && !connection.closed()) connection.tls->end();
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
                       const wire::Endpoint& peer_, const wire::IpAddress& server_,
                       std::unique_ptr<TlsSession> tls_)
    : Watched(loop_, std::move(socket), EPOLLIN | EPOLLRDHUP | EPOLLET),
      loop(loop_),
      peer(peer_),
      server{.address = server_, .secure = tls_ != nullptr},
      tls(std::move(tls_)),
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

void Connection::end_sending() {
  if (closed()) return;
  if (tls) tls->end();
  shutdown(number(), SHUT_WR);
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
  if (idle_ && !request_begun) close();
  if (streaming) wake();
}

}  // namespace pixie::net
