// One HTTP connection: requests in, responses out, in order, until either side ends it or takes too long.
#pragma once

#include <list>
#include <memory>
#include <string_view>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "http/request.h"
#include "net/loop.h"
#include "net/site.h"
#include "wire/address.h"

namespace pixie::net {

class Connection;
/// The connections that wait for a request, the one that waits longest first.
using IdleConnections = std::list<Connection*>;

/// Belongs to its loop. Its deadline closes the socket, which ends whatever is waited for.
class Connection final : public Timed {
 public:
  Connection(Loop& loop, IdleConnections& idle_connections, asio::ip::tcp::socket socket,
             const wire::Endpoint& peer, const wire::IpAddress& server);

  ~Connection() { set_idle(false); }

  TimePoint deadline() const override { return deadline_; }
  void on_deadline(TimePoint now) override;

  void allow(Clock::duration time);
  /// Closes at once when idle, else after the response under way.
  void finish();
  /// Nothing of a request has come yet.
  bool idle() const { return idle_; }
  void set_idle(bool idle);
  TimePoint idle_since() const { return idle_since_; }
  /// Ends whatever is waited for.
  void close();

  Loop& loop;
  asio::ip::tcp::socket socket;
  const wire::Endpoint peer;
  const wire::IpAddress server;

  http::Request request;
  /// Received, not yet parsed: `buffer[parsed, filled)`.
  std::vector<char> buffer;
  std::size_t parsed = 0;
  std::size_t filled = 0;
  bool finishing = false;
  bool timed_out = false;
  /// Closed to make room for another.
  bool evicted = false;

  std::string_view unparsed() const { return {buffer.data() + parsed, filled - parsed}; }

 private:
  TimePoint deadline_ = TimePoint::max();
  IdleConnections& idle_connections_;
  IdleConnections::iterator place_;
  bool idle_ = false;
  TimePoint idle_since_{};
};

/// Serves the connection to its end.
asio::awaitable<void> serve(std::shared_ptr<Connection> connection);

}  // namespace pixie::net
