// Accepts HTTP connections on one loop and keeps count of them.
#pragma once

#include <sys/socket.h>

#include <atomic>
#include <memory>
#include <unordered_map>
#include <vector>

#include "net/http_connection.h"
#include "net/loop.h"
#include "net/tls_server.h"
#include "tree/descriptor.h"

namespace pixie::net {

/// Belongs to its loop.
class HttpServer {
 public:
  /// With `connection_limit` connections open, a new one takes the place of the one that is idle for longest;
  /// if none is, it waits.
  HttpServer(Loop& loop, std::size_t connection_limit)
      : loop_(loop), connection_limit_(connection_limit) {}

  /// Accepts from a socket that listens at `endpoint`. `tls` makes it HTTPS, and outlives the server; null: plain HTTP.
  void listen(tree::Descriptor socket, const wire::Endpoint& endpoint, const TlsServer* tls);
  /// Accepts no more and lets the requests under way end.
  void finish();
  /// Connections that are open. From any thread.
  std::size_t active() const { return active_.load(std::memory_order_relaxed); }

 private:
  /// A listening socket, which has a pause when no more can be accepted.
  class Door final : public Watched, public Timed {
   public:
    Door(HttpServer& server, tree::Descriptor socket, const wire::Endpoint& endpoint_,
         const TlsServer* tls_);
    TimePoint deadline() const override { return resume_at_; }
    void on_deadline(TimePoint now) override;

    const wire::Endpoint endpoint;
    const TlsServer* const tls;

   private:
    void on_ready(std::uint32_t events) override;

    HttpServer& server_;
    TimePoint resume_at_ = TimePoint::max();
    /// How many to accept in a turn: more when turn after turn finds some.
    int burst_ = 1;
    std::uint64_t last_turn_ = 0;
  };

  bool accept_some(const Door& door, int most);
  void start(const Door& door, int socket, const sockaddr_storage& peer);
  void forget(Connection& connection);

  bool make_room();

  Loop& loop_;
  const std::size_t connection_limit_;
  /// Connections that were closed to make room and have not ended yet.
  std::size_t closing_ = 0;
  /// Outlives the connections, which stand in it.
  IdleConnections idle_;
  std::vector<std::unique_ptr<Door>> doors_;
  std::unordered_map<Connection*, std::unique_ptr<Connection>> connections_;
  std::atomic<std::size_t> active_ = 0;
};

}  // namespace pixie::net
