// One HTTP connection: requests in, responses out, in order, until either side ends it or takes too long.
#pragma once

#include <sys/socket.h>

#include <cerrno>
#include <coroutine>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "http/request.h"
#include "net/loop.h"
#include "net/site.h"
#include "net/task.h"
#include "net/tls_session.h"
#include "wire/address.h"
#include "wire/mac.h"

namespace pixie::net {

class Connection;
/// The connections that wait for a request or its rest, or send a stream without end: since when, the longest first.
using IdleConnections = std::list<Connection*>;

/// Belongs to its loop. Its deadline closes the socket, which ends whatever is waited for.
class Connection final : public Timed, public Watched {
 public:
  /// `tls`: null for plain HTTP.
  Connection(Loop& loop, IdleConnections& idle_connections, tree::Descriptor socket,
             const wire::Endpoint& peer, const wire::IpAddress& server,
             std::unique_ptr<TlsSession> tls);

  ~Connection() { set_idle(false); }

  /// Serves it to its end, then calls `ended`, which may not destroy it at once.
  void start(std::function<void()> ended);

  TimePoint deadline() const override { return deadline_; }
  void on_deadline(TimePoint now) override;

  void allow(Clock::duration time);
  void wait_without_limit();
  /// Lets whoever awaits ready_for() go on.
  void wake();
  /// Closes at once when nothing of a request has come, else after its response.
  void finish();
  /// Its next request has not come yet, or not whole, or it is a stream: it may be closed to make room for another.
  bool idle() const { return idle_; }
  void set_idle(bool idle);
  TimePoint idle_since() const { return idle_since_; }
  /// Ends whatever is waited for, a little later.
  void close();

  /// What a coroutine awaits until the socket may be read or written (EPOLLIN, EPOLLOUT), or the connection is
  /// over. May go on without cause.
  auto ready_for(std::uint32_t events) {
    struct Awaiter {
      Connection& connection;
      bool await_ready() const noexcept { return connection.closed(); }
      void await_suspend(std::coroutine_handle<> caller) const { connection.waiting_ = caller; }
      void await_resume() const noexcept {}
    };
    awaited_ = events;
    return Awaiter{*this};
  }
  /// Waits until the socket takes bytes again, after it took no more.
  auto writable() {
    if (!std::exchange(waits_for_room_, true) && !closed())
      wait_for(EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
    return ready_for(EPOLLOUT);
  }
  /// As recv(2), by TLS or not.
  ssize_t receive(std::span<char> room) {
    if (!tls) [[likely]]
      return recv(number(), room.data(), room.size(), 0);
    if (!closed()) return tls->receive(room);
    errno = EBADF;
    return -1;
  }
  /// Tells the client that no more comes.
  void end_sending();

  /// Whether reading may bring something.
  bool readable = false;
  /// The client will send no more: what there is to read ends, and no event tells of it again.
  bool hung_up = false;

  Loop& loop;
  const wire::Endpoint peer;
  tree::Reached server;
  const std::unique_ptr<TlsSession> tls;

  http::Request request;
  /// Something of the request that is waited for has come.
  bool request_begun = false;
  /// Received, not yet parsed: `buffer[parsed, filled)`.
  std::vector<char> buffer;
  std::size_t parsed = 0;
  std::size_t filled = 0;
  bool finishing = false;
  /// The deadline does not end it: it only wakes who waits.
  bool streaming = false;
  bool timed_out = false;
  /// Closed to make room for another.
  bool evicted = false;

  std::string_view unparsed() const { return {buffer.data() + parsed, filled - parsed}; }

 private:
  void on_ready(std::uint32_t events) override;

  Task<void> serving_;
  std::coroutine_handle<> waiting_;
  std::uint32_t awaited_ = 0;
  bool waits_for_room_ = false;
  TimePoint deadline_ = TimePoint::max();
  IdleConnections& idle_connections_;
  IdleConnections::iterator place_;
  bool idle_ = false;
  TimePoint idle_since_{};
};

/// The machine that the path names, else the one that has the client's address.
std::optional<wire::Mac> machine_of(Connection& connection, const Reply& reply);

}  // namespace pixie::net
