// Accepts HTTP connections on one loop and keeps count of them.
#pragma once

#include <sys/socket.h>

#include <memory>
#include <unordered_set>
#include <vector>

#include <boost/asio/ip/tcp.hpp>

#include "net/http_connection.h"
#include "net/loop.h"
#include "tree/descriptor.h"

namespace pixie::net {

/// Belongs to its loop.
class HttpServer {
 public:
  /// With `connection_limit` connections open, a new one takes the place of the one that was idle for longest;
  /// if none is, it waits.
  HttpServer(Loop& loop, std::size_t connection_limit)
      : loop_(loop), connection_limit_(connection_limit) {}
  /// Connections may outlive it until the loop's context goes, but not as idle ones.
  ~HttpServer() {
    for (const auto& connection : connections_) connection->set_idle(false);
  }

  /// Accepts from a listening socket, which it owns from here on.
  void listen(tree::Descriptor socket, bool ipv6_socket);
  /// Accepts no more and lets the requests under way end.
  void finish();
  std::size_t active() const { return connections_.size(); }

 private:
  struct Door {
    asio::ip::tcp::acceptor acceptor;
    asio::steady_timer resume;
  };

  void accept_when_ready(Door& door);
  bool accept_some(Door& door);
  void forget(const std::shared_ptr<Connection>& connection);
  void start(int socket, const sockaddr_storage& peer);

  bool make_room();

  Loop& loop_;
  const std::size_t connection_limit_;
  /// Connections that were closed to make room and have not ended yet.
  std::size_t closing_ = 0;
  /// Outlives the connections, which stand in it.
  IdleConnections idle_;
  std::vector<std::unique_ptr<Door>> doors_;
  std::unordered_set<std::shared_ptr<Connection>> connections_;
};

}  // namespace pixie::net
