#include "net/http_server.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "events/catalogue.h"
#include "net/udp.h"

namespace pixie::net {
namespace {

/// Accepted in one turn; then the connections get theirs.
constexpr int accept_turn = 64;
constexpr auto idle_before_eviction = std::chrono::milliseconds(100);
constexpr auto pause_without_descriptors = std::chrono::milliseconds(100);

wire::IpAddress local_address(int socket) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  getsockname(socket, reinterpret_cast<sockaddr*>(&address), &length);
  return from_socket_address(address).address;
}

}  // namespace

HttpServer::Door::Door(HttpServer& server, tree::Descriptor socket, const wire::Endpoint& endpoint_,
                       const TlsServer* tls_)
    : Watched(server.loop_, std::move(socket), EPOLLIN),
      endpoint(endpoint_),
      tls(tls_),
      server_(server) {}

void HttpServer::Door::on_ready(std::uint32_t) {
  const auto turn = server_.loop_.turn();
  burst_ = last_turn_ + 1 == turn ? std::min(2 * burst_, accept_turn) : 1;
  last_turn_ = turn;
  if (server_.accept_some(*this, burst_)) return;
  wait_for(0);
  resume_at_ = Clock::now() + pause_without_descriptors;
  server_.loop_.watch(*this);
}

void HttpServer::Door::on_deadline(TimePoint) {
  resume_at_ = TimePoint::max();
  wait_for(EPOLLIN);
}

void HttpServer::listen(tree::Descriptor socket, const wire::Endpoint& endpoint,
                        const TlsServer* tls) {
  doors_.push_back(std::make_unique<Door>(*this, std::move(socket), endpoint, tls));
}

/// Closes the connection that is idle for longest, be it that its request comes slowly, or a stream. False: none is, or not for
/// long enough to be sure that no request of its own is just on its way.
bool HttpServer::make_room() {
  loop_.events.emit(events::http_crowded, {});
  if (idle_.empty() || Clock::now() - idle_.front()->idle_since() < idle_before_eviction)
    return false;
  auto& longest_idle = *idle_.front();
  longest_idle.set_idle(false);
  longest_idle.evicted = true;
  longest_idle.close();
  ++closing_;
  return true;
}

bool HttpServer::accept_some(const Door& door, int most) {
  for (int i = 0; i < most; ++i) {
    if (connections_.size() - closing_ >= connection_limit_) {
      pollfd waiting{.fd = door.number(), .events = POLLIN, .revents = 0};
      if (poll(&waiting, 1, 0) == 0) return true;
      if (!make_room()) return false;
    }
    sockaddr_storage peer{};
    socklen_t length = sizeof peer;
    const int socket = accept4(door.number(), reinterpret_cast<sockaddr*>(&peer), &length,
                               SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (socket >= 0) {
      try {
        start(door, socket, peer);
      } catch (
          const std::system_error&) {  // epoll_ctl(2): no memory, or too many descriptors watched
        loop_.events.emit(events::descriptors_exhausted, {});
        return false;
      }
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      loop_.events.emit(events::descriptors_exhausted, {});
      return false;
    } else if (errno == EAGAIN) {
      return true;
    }
    // Anything else concerns the one connection that was to be accepted (accept(2)).
  }
  return true;
}

void HttpServer::start(const Door& door, int socket, const sockaddr_storage& peer) {
  const auto& listening = door.endpoint.address;
  const auto server = listening.is_unspecified() ? local_address(socket) : listening;
  tree::Descriptor descriptor(socket);
  auto owned =
      std::make_unique<Connection>(loop_, idle_, std::move(descriptor), from_socket_address(peer),
                                   server, door.tls ? door.tls->accept(socket) : nullptr);
  auto& connection = *owned;
  if (loop_.events.wants(events::http_connected)) {
    const auto client = connection.peer.text();
    loop_.events.emit(events::http_connected, {{"client", client}});
  }
  connections_.emplace(&connection, std::move(owned));
  active_.store(connections_.size(), std::memory_order_relaxed);
  connection.start(
      [this, &connection] { loop_.soon([this, &connection] { forget(connection); }); });
}

void HttpServer::forget(Connection& connection) {
  if (connection.evicted) --closing_;
  connections_.erase(&connection);
  active_.store(connections_.size(), std::memory_order_relaxed);
}

void HttpServer::finish() {
  for (const auto& door : doors_) door->unwatch();
  doors_.clear();
  for (const auto& [connection, owned] : connections_) connection->finish();
}

}  // namespace pixie::net
