#include "net/http_send.h"

#include <sys/sendfile.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <vector>

#include "events/catalogue.h"
#include "net/body_events.h"

namespace pixie::net {
namespace {

/// A client that takes nothing for so long is given up.
constexpr auto stall_time = std::chrono::seconds(60);
/// One turn of sendfile; then the loop's other work gets a chance.
constexpr std::uint64_t turn_bytes = 2 << 20;
/// A file up to this size is read and goes out in one write with the head.
constexpr std::uint64_t small_file_bytes = 16 * 1024;

constexpr std::string_view client_left = "the client closed the connection";
constexpr std::string_view client_stalled = "the client took nothing for 60 s";
constexpr std::string_view fetch_broke = "the upstream did not send the whole file";
constexpr std::string_view file_changed =
    "the file was truncated, or can't be read, while it was sent";

iovec vector_of(const void* data, std::size_t size) { return {const_cast<void*>(data), size}; }

/// Drops `count` bytes from the front of the list.
void advance(std::span<iovec>& parts, std::size_t count) {
  while (!parts.empty() && count >= parts.front().iov_len) {
    count -= parts.front().iov_len;
    parts = parts.subspan(1);
  }
  if (count == 0) return;
  parts.front().iov_base = static_cast<char*>(parts.front().iov_base) + count;
  parts.front().iov_len -= count;
}

/// As sendmsg(2), by TLS.
ssize_t send_secret(const Connection& connection, std::span<const iovec> parts) {
  if (!connection.closed()) return connection.tls->send(parts);
  errno = EBADF;
  return -1;
}

Task<bool> send_parts(Connection& connection, std::span<iovec> parts, int flags) {
  while (!parts.empty()) {
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = std::min<std::size_t>(parts.size(), 64);
    const auto count = connection.tls ? send_secret(connection, parts)
                                      : sendmsg(connection.number(), &message,
                                                MSG_NOSIGNAL | MSG_DONTWAIT | flags);
    if (count >= 0) {
      advance(parts, static_cast<std::size_t>(count));
    } else if (errno == EAGAIN) {
      connection.allow(stall_time);
      co_await connection.writable();
    } else if (errno != EINTR) {
      co_return false;
    }
  }
  co_return true;
}

struct FileSent {
  std::uint64_t bytes;
  std::string_view failure;
};

std::string_view failure_of(const Connection& connection, int error) {
  if (connection.timed_out) return client_stalled;
  return error == EIO || error == EINVAL ? file_changed : client_left;
}

/// Of a machine that is known: how much of the whole body it has.
void tell_progress(Connection& connection, const Reply& reply, std::uint64_t sent) {
  auto& events = connection.loop.events;
  const auto machine =
      events.wants(events::http_progress) ? machine_of(connection, reply) : std::nullopt;
  if (!machine) return;
  const auto client = connection.peer.text();
  const auto mac = machine->colons();
  events.emit(events::http_progress, {{"client", client},
                                      {"mac", mac},
                                      {"what", what_of(*reply.body)},
                                      {"path", reply.path},
                                      {"sent", sent},
                                      {"size", reply.body->size()}});
}

/// One turn: what the file has from `offset` on, as far as the socket takes it. As sendfile(2).
ssize_t send_some(const Connection& connection, const tree::Body& body, std::uint64_t offset,
                  std::uint64_t most) {
  static constexpr std::array<std::byte, 64 * 1024> zeros{};
  const auto run = body.run_at(offset);
  const auto count = std::min({turn_bytes, most, run.length});
  const bool is_gap = run.offset == images::Extent::zeros;
  const auto zeros_now = std::min<std::uint64_t>(count, zeros.size());
  auto position = static_cast<off_t>(run.offset);
  if (connection.tls) {
    if (is_gap) {
      const std::array<iovec, 1> parts{vector_of(zeros.data(), zeros_now)};
      return send_secret(connection, parts);
    }
    if (!connection.closed()) return connection.tls->send_file(body.file(), position, count);
    errno = EBADF;
    return -1;
  }
  if (is_gap)
    return send(connection.number(), zeros.data(), zeros_now, MSG_NOSIGNAL | MSG_DONTWAIT);
  return sendfile(connection.number(), body.file(), &position, count);
}

/// Wakes a connection from other threads; once this is gone it does so no more. Belongs to the connection's loop.
class Waker {
 public:
  explicit Waker(Connection& connection)
      : loop_(connection.loop), connection_(std::make_shared<Connection*>(&connection)) {}
  ~Waker() { *connection_ = nullptr; }
  Waker(const Waker&) = delete;

  std::function<void()> call() const {
    return [connection = connection_, &loop = loop_] {
      loop.post([connection] {
        if (*connection) (*connection)->wake();
      });
    };
  }

 private:
  Loop& loop_;
  const std::shared_ptr<Connection*> connection_;
};

/// Waits until more of the file is there than `position` bytes. How many are; no more than `position`: no more come, or
/// the connection is over. A fetch has deadlines of its own, so that the wait has none.
Task<std::uint64_t> more_of(Connection& connection, Growing& growing, std::uint64_t position) {
  const Waker waker(connection);
  auto seen = growing.look(position, waker.call());
  connection.streaming = true;
  while (seen.size <= position && !seen.ended && !connection.closed()) {
    connection.wait_without_limit();
    co_await connection.ready_for(0);
    seen = growing.look(position, waker.call());
  }
  connection.streaming = false;
  co_return seen.size;
}

Task<FileSent> send_file(Connection& connection, const Reply& reply, http::ByteRange range) {
  const bool is_whole = range.length == reply.body->size();
  Progress progress(is_whole ? range.length : 0);
  std::uint64_t done = 0;
  // Of what is fetched meanwhile, as far as it has come.
  std::uint64_t there = reply.growing ? 0 : range.length;
  while (done < range.length) {
    if (done == there) {
      const auto arrived = co_await more_of(connection, *reply.growing, range.offset + done);
      there = std::clamp(arrived, range.offset, range.offset + range.length) - range.offset;
      if (done >= there) co_return FileSent{done, connection.closed() ? client_left : fetch_broke};
    }
    const auto count = send_some(connection, *reply.body, range.offset + done, there - done);
    if (count > 0) {
      done += static_cast<std::uint64_t>(count);
      connection.allow(stall_time);
      if (progress.due(Clock::now())) tell_progress(connection, reply, done);
      if (done < range.length) co_await connection.loop.others_turn();
    } else if (count == 0) {
      co_return FileSent{done, file_changed};
    } else if (errno == EAGAIN) {
      connection.allow(stall_time);
      co_await connection.writable();
    } else if (errno != EINTR) {
      co_return FileSent{done, failure_of(connection, errno)};
    }
  }
  co_return FileSent{done, {}};
}

/// The parts that wait to go out together, in front of the next file or at the end.
struct Gathered {
  std::vector<iovec> parts;
  std::uint64_t body_bytes = 0;
};

/// Adds a range that lies in memory; a small file is read into `small` first. False: it is for sendfile.
/// Nothing more can be added once `small` is in use.
std::expected<bool, std::string_view> gather(Gathered& gathered, const tree::Body& body,
                                             http::ByteRange range, std::vector<std::byte>& small) {
  if (const auto memory = body.memory()) {
    gathered.parts.push_back(vector_of(memory->data() + range.offset, range.length));
  } else {
    if (range.length > small_file_bytes || !small.empty()) return false;
    small.resize(range.length);
    if (body.read(range.offset, small) != static_cast<std::ptrdiff_t>(range.length)) {
      return std::unexpected(file_changed);
    }
    gathered.parts.push_back(vector_of(small.data(), small.size()));
  }
  gathered.body_bytes += range.length;
  return true;
}

}  // namespace

Task<bool> send_text(Connection& connection, std::string_view text) {
  std::array<iovec, 1> parts{vector_of(text.data(), text.size())};
  const bool sent = co_await send_parts(connection, parts, 0);
  co_return sent;
}

Task<Sent> send_reply(Connection& connection, const Reply& reply) {
  Sent sent;
  Gathered gathered;
  std::vector<std::byte> small;
  gathered.parts.push_back(vector_of(reply.response.head.data(), reply.response.head.size()));
  connection.allow(stall_time);
  for (const auto& piece : reply.response.pieces) {
    if (const auto* text = std::get_if<std::string>(&piece)) {
      gathered.parts.push_back(vector_of(text->data(), text->size()));
      gathered.body_bytes += text->size();
      continue;
    }
    const auto range = std::get<http::ByteRange>(piece);
    const auto taken = reply.growing ? false : gather(gathered, *reply.body, range, small);
    if (!taken) {
      sent.failure = taken.error();
      co_return sent;
    }
    if (*taken) continue;
    const bool ok = co_await send_parts(connection, gathered.parts, MSG_MORE);
    if (!ok) {
      sent.failure = client_left;
      co_return sent;
    }
    sent.body_bytes += gathered.body_bytes;
    gathered = {};
    small.clear();
    const auto file = co_await send_file(connection, reply, range);
    sent.body_bytes += file.bytes;
    sent.failure = file.failure;
    if (!file.failure.empty()) co_return sent;
  }
  // The end of the connection then goes out in the same packet.
  const int flags = reply.response.close ? MSG_MORE : 0;
  sent.complete = co_await send_parts(connection, gathered.parts, flags);
  if (sent.complete) sent.body_bytes += gathered.body_bytes;
  if (!sent.complete) sent.failure = connection.timed_out ? client_stalled : client_left;
  co_return sent;
}

Task<void> send_stream(Connection& connection, Channel& channel, Sent& sent) {
  constexpr auto remark_time = std::chrono::seconds(15);
  const Waker waker(connection);
  // Whoever listens comes again: it makes room for others.
  connection.set_idle(true);
  while (!connection.closed() && !connection.finishing && !connection.hung_up) {
    auto texts = channel.take(waker.call());
    if (channel.closed()) break;
    if (texts.empty()) {
      connection.streaming = true;
      connection.allow(remark_time);
      const auto began = Clock::now();
      co_await connection.ready_for(0);
      connection.streaming = false;
      if (Clock::now() - began < remark_time) continue;
      texts.push_back(std::make_shared<const std::string>(":\n\n"));
    }
    connection.allow(stall_time);
    for (const auto& text : texts) {
      const bool taken = co_await send_text(connection, *text);
      if (!taken) break;
      sent.body_bytes += text->size();
    }
  }
  connection.set_idle(false);
  channel.close();
}

}  // namespace pixie::net
