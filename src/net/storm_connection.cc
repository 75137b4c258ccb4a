#include "net/storm_connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <tuple>
#include <utility>

#include "net/socket.h"
#include "net/udp.h"

namespace pixie::net {
namespace {

using Outcome = doctor::Fetch::Outcome;

constexpr int first_final_status = 200;

storm::HttpHead head_of(const HttpAnswer& answer) {
  storm::HttpHead head{.status = answer.status, .location = {}, .retry_after = {}};
  head.location = answer.fields.find("Location").value_or("");
  const auto after = answer.fields.find("Retry-After").value_or("");
  unsigned seconds = 0;
  const auto [end, error] = std::from_chars(after.data(), after.data() + after.size(), seconds);
  if (error == std::errc{} && end == after.data() + after.size()) head.retry_after = seconds;
  return head;
}

}  // namespace

std::expected<std::unique_ptr<StormConnection>, int> StormConnection::open(
    Loop& loop, const wire::Endpoint& server, StormConnectionUser& user, std::span<char> buffer) {
  const bool ipv6 = !server.address.is_v4();
  tree::Descriptor socket(
      ::socket(ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return std::unexpected(errno);
  set_option(socket.number(), IPPROTO_TCP, TCP_NODELAY);
  sockaddr_storage address{};
  const auto length = to_socket_address(server, ipv6, 0, address);
  if (connect(socket.number(), reinterpret_cast<const sockaddr*>(&address), length) != 0 &&
      errno != EINPROGRESS) {
    return std::unexpected(errno);
  }
  return std::make_unique<StormConnection>(loop, std::move(socket), server, user, buffer);
}

StormConnection::StormConnection(Loop& loop, tree::Descriptor socket, const wire::Endpoint& server,
                                 StormConnectionUser& user, std::span<char> buffer)
    : Watched(loop, std::move(socket), EPOLLOUT), server_(server), user_(user), buffer_(buffer) {}

void StormConnection::ask(std::string_view request) {
  request_ = request;
  expect_answer();
  if (connected_) send();
}

void StormConnection::expect_answer() {
  HttpReceiver& receiver = *this;
  answer_ = {};
  parser_.emplace(answer_, receiver);
}

/// A request is small enough for any socket's buffer. What goes wrong is noticed when the answer is read.
void StormConnection::send() {
  std::ignore = ::send(number(), request_.data(), request_.size(), MSG_NOSIGNAL);
}

void StormConnection::on_ready(std::uint32_t) {
  if (connected_) return read();
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(number(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return fail_by(error);
  connected_ = true;
  wait_for(EPOLLIN);
  send();
}

void StormConnection::read() {
  constexpr int rounds = 4;
  for (int round = 0; round < rounds; ++round) {
    const auto size = recv(number(), buffer_.data(), buffer_.size(), 0);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (size < 0) return fail_by(errno);
    if (size == 0) return on_end();
    if (!feed(std::string_view(buffer_.data(), static_cast<std::size_t>(size)))) return;
  }
}

bool StormConnection::feed(std::string_view bytes) {
  if (!waiting_.empty()) waiting_ += bytes;
  const auto whole = std::exchange(waiting_, {});
  auto rest = whole.empty() ? bytes : std::string_view(whole);
  while (!rest.empty() && parser_) {
    const auto consumed = parser_->feed(rest);
    if (!consumed) {
      user_.on_connection_error(Outcome::refused, consumed.error().text);
      return false;
    }
    rest.remove_prefix(*consumed);
    if (parser_->is_done() && answer_.status < first_final_status) {
      expect_answer();
    } else if (parser_->is_done()) {
      const bool keeps = parser_->keep_alive();
      parser_.reset();
      user_.on_answer_end(keeps);
      return false;
    } else if (*consumed == 0) {
      break;
    }
  }
  if (!parser_) {
    // Nothing was asked for.
    user_.on_connection_lost();
    return false;
  }
  waiting_ = rest;
  return true;
}

/// The server sends no more.
void StormConnection::on_end() {
  if (!parser_ || !parser_->got_some()) return user_.on_connection_lost();
  if (const auto ended = parser_->end(); !ended)
    return user_.on_connection_error(Outcome::stalled, ended.error().text);
  parser_.reset();
  user_.on_answer_end(false);
}

void StormConnection::fail_by(int error) {
  const bool begun = parser_ && parser_->got_some();
  if (connected_ && !begun) return user_.on_connection_lost();
  user_.on_connection_error(begun                   ? Outcome::stalled
                            : error == ECONNREFUSED ? Outcome::closed
                            : error == ETIMEDOUT    ? Outcome::silent
                                                    : Outcome::unreachable,
                            std::strerror(error));
}

bool StormConnection::take_head(const HttpAnswer& answer) {
  user_.on_head(head_of(answer));
  return true;
}

bool StormConnection::take_body(std::string_view bytes) {
  user_.on_body(bytes);
  return true;
}

}  // namespace pixie::net
