#include "net/http_server.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

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

void HttpServer::listen(tree::Descriptor socket, bool ipv6_socket) {
  const auto protocol = ipv6_socket ? asio::ip::tcp::v6() : asio::ip::tcp::v4();
  doors_.push_back(
      std::make_unique<Door>(asio::ip::tcp::acceptor(loop_.context, protocol, socket.release()),
                             asio::steady_timer(loop_.context)));
  accept_when_ready(*doors_.back());
}

void HttpServer::accept_when_ready(Door& door) {
  door.acceptor.async_wait(asio::ip::tcp::acceptor::wait_read,
                           [&](const boost::system::error_code& error) {
                             if (error) return;
                             if (accept_some(door)) return accept_when_ready(door);
                             door.resume.expires_after(pause_without_descriptors);
                             door.resume.async_wait([&](const boost::system::error_code& ended) {
                               if (!ended) accept_when_ready(door);
                             });
                           });
}

/// Closes the connection that is idle for longest. False: none is, or not for long enough to be sure that no
/// request of its own is just on its way.
bool HttpServer::make_room() {
  loop_.log.emit(events::http_crowded, {});
  if (idle_.empty() || Clock::now() - idle_.front()->idle_since() < idle_before_eviction)
    return false;
  auto& longest_idle = *idle_.front();
  longest_idle.set_idle(false);
  longest_idle.close();
  longest_idle.evicted = true;
  ++closing_;
  return true;
}

bool HttpServer::accept_some(Door& door) {
  for (int i = 0; i < accept_turn; ++i) {
    if (connections_.size() - closing_ >= connection_limit_) {
      pollfd waiting{.fd = door.acceptor.native_handle(), .events = POLLIN, .revents = 0};
      if (poll(&waiting, 1, 0) == 0) return true;
      if (!make_room()) return false;
    }
    sockaddr_storage peer{};
    socklen_t length = sizeof peer;
    const int socket = accept4(door.acceptor.native_handle(), reinterpret_cast<sockaddr*>(&peer),
                               &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (socket >= 0) {
      start(socket, peer);
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      loop_.log.emit(events::descriptors_exhausted, {});
      return false;
    } else if (errno == EAGAIN) {
      return true;
    }
    // Anything else concerns the one connection that was to be accepted (accept(2)).
  }
  return true;
}

void HttpServer::start(int socket, const sockaddr_storage& peer) {
  const auto protocol = peer.ss_family == AF_INET6 ? asio::ip::tcp::v6() : asio::ip::tcp::v4();
  auto connection = std::make_shared<Connection>(
      loop_, idle_, asio::ip::tcp::socket(loop_.context, protocol, socket),
      from_socket_address(peer), local_address(socket));
  if (loop_.log.wants(events::http_connected)) {
    const auto client = connection->peer.text();
    loop_.log.emit(events::http_connected, {{"client", client}});
  }
  connections_.insert(connection);
  asio::co_spawn(loop_.context, serve(connection),
                 [this, connection](const std::exception_ptr&) { forget(connection); });
}

void HttpServer::forget(const std::shared_ptr<Connection>& connection) {
  connections_.erase(connection);
  if (connection->evicted) --closing_;
}

void HttpServer::finish() {
  for (auto& door : doors_) {
    door->resume.cancel();
    door->acceptor.close();
  }
  for (const auto& connection : connections_) connection->finish();
}

}  // namespace pixie::net
