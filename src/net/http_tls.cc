#include "net/http_tls.h"

#include <fmt/format.h>

#include "events/catalogue.h"

namespace pixie::net {
namespace {

/// Firmware computes slowly, but not for so long.
constexpr auto handshake_time = std::chrono::seconds(15);

void report_failure(Connection& connection) {
  // Closed by us, for room or at the end, is no failure of the client's.
  if (connection.closed() && !connection.timed_out) return;
  const auto reason = connection.timed_out ? fmt::format("the handshake was not done in {} s",
                                                         handshake_time.count())
                                           : connection.tls->failure();
  connection.loop.events.emit(events::https_handshake_failed,
                              {{"client", connection.peer.text()}, {"reason", reason}});
}

void report_success(Connection& connection) {
  auto& events = connection.loop.events;
  if (!events.wants(events::https_connected)) return;
  const auto& tls = *connection.tls;
  events.emit(events::https_connected,
              {{"client", connection.peer.text()},
               {"name", connection.server.name.empty() ? "-" : connection.server.name},
               {"version", tls.version()},
               {"cipher", tls.cipher()},
               {"kernel", tls.is_kernels() ? "yes" : "no"}});
}

}  // namespace

Task<bool> shake_hands(Connection& connection) {
  using enum TlsSession::Handshake;
  // Who takes long makes room for others first.
  connection.set_idle(true);
  connection.allow(handshake_time);
  auto step = wants_to_read;
  while (!connection.closed()) {
    step = connection.tls->shake_hands();
    if (step == done || step == failed) break;
    if (step == wants_to_read) co_await connection.ready_for(EPOLLIN);
    if (step == wants_to_write) co_await connection.writable();
  }
  if (step != done || connection.closed()) {
    report_failure(connection);
    co_return false;
  }
  connection.server.name = connection.tls->server_name();
  // What came with the handshake may lie in OpenSSL's buffer.
  connection.readable = true;
  report_success(connection);
  co_return true;
}

}  // namespace pixie::net
