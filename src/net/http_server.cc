#include "net/http_server.h"

#include <netinet/in.h>
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
  acceptors_.push_back(
      std::make_unique<asio::ip::tcp::acceptor>(loop_.context, protocol, socket.release()));
  accept_when_ready(*acceptors_.back());
}

void HttpServer::accept_when_ready(asio::ip::tcp::acceptor& acceptor) {
  acceptor.async_wait(asio::ip::tcp::acceptor::wait_read,
                      [&](const boost::system::error_code& error) {
                        if (error) return;
                        if (accept_some(acceptor)) return accept_when_ready(acceptor);
                        resume_.expires_after(pause_without_descriptors);
                        resume_.async_wait([&](const boost::system::error_code& ended) {
                          if (!ended) accept_when_ready(acceptor);
                        });
                      });
}

bool HttpServer::make_room() {
  if (connections_.size() < connection_limit_) return true;
  loop_.log.emit(events::http_crowded, {});
  if (idle_.empty()) return false;
  auto& longest_idle = *idle_.front();
  longest_idle.set_idle(false);
  longest_idle.close();
  return true;
}

bool HttpServer::accept_some(asio::ip::tcp::acceptor& acceptor) {
  for (int i = 0; i < accept_turn; ++i) {
    if (!make_room()) return false;
    sockaddr_storage peer{};
    socklen_t length = sizeof peer;
    const int socket = accept4(acceptor.native_handle(), reinterpret_cast<sockaddr*>(&peer),
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
                 [this, connection](const std::exception_ptr&) { connections_.erase(connection); });
}

void HttpServer::finish() {
  resume_.cancel();
  for (auto& acceptor : acceptors_) acceptor->close();
  for (const auto& connection : connections_) connection->finish();
}

}  // namespace pixie::net
