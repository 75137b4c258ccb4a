#include "net/probe_http.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <optional>
#include <span>
#include <string>

#include <fmt/format.h>

#include "doctor/script.h"
#include "net/patience.h"
#include "tree/descriptor.h"

namespace pixie::net {
namespace {

using Outcome = doctor::Fetch::Outcome;

/// For the connection, and for each read.
constexpr auto step_limit = std::chrono::seconds(4);
constexpr auto time_limit = std::chrono::seconds(60);
constexpr std::size_t max_head = 65536;
constexpr std::uint16_t method_not_allowed = 405;
constexpr std::uint16_t not_implemented = 501;

bool same_letters(std::string_view a, std::string_view b) {
  return std::ranges::equal(
      a, b, {}, [](char c) { return c | 0x20; }, [](char c) { return c | 0x20; });
}

/// A header field's value; empty if it is absent.
std::string_view field(std::string_view head, std::string_view name) {
  for (auto at = head.find("\r\n"); at != std::string_view::npos; at = head.find("\r\n", at + 2)) {
    const auto line = head.substr(at + 2, head.find("\r\n", at + 2) - at - 2);
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || !same_letters(line.substr(0, colon), name)) continue;
    const auto value = line.substr(colon + 1);
    return value.substr(std::min(value.find_first_not_of(" \t"), value.size()));
  }
  return {};
}

template <class T>
std::optional<T> number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end != text.data() ? std::optional(value) : std::nullopt;
}

class Exchange {
 public:
  explicit Exchange(doctor::Fetch& result) : result_(result) {}

  void run(const wire::Endpoint& server, std::string_view request, bool whole) {
    if (!connect(server) || !send(request) || !read_head()) return;
    constexpr std::uint16_t first_error = 300;
    if (result_.status >= first_error) {
      result_.outcome = Outcome::refused;
      result_.detail = fmt::format("HTTP status {}", result_.status);
      if (result_.status < 400) {
        result_.redirection = doctor::resolve_url(result_.url, field(head_, "Location"));
      }
      return;
    }
    if (whole) {
      read_body();
    } else {
      result_.outcome = Outcome::done;
      result_.size = number<std::uint64_t>(field(head_, "Content-Length")).value_or(0);
    }
  }

 private:
  bool fail(Outcome outcome, std::string detail) {
    result_.outcome = outcome;
    result_.detail = std::move(detail);
    return false;
  }

  bool fail_by(int error) {
    return fail(error == ECONNREFUSED ? Outcome::closed
                : error == ETIMEDOUT  ? Outcome::silent
                                      : Outcome::unreachable,
                std::strerror(error));
  }

  bool connect(const wire::Endpoint& server) {
    auto socket = connect_tcp(server, limit_, Clock::now() + step_limit);
    if (!socket) return fail_by(socket.error());
    socket_ = std::move(*socket);
    return true;
  }

  bool send(std::string_view request) {
    const auto sent = ::send(socket_.number(), request.data(), request.size(), MSG_NOSIGNAL);
    return sent == static_cast<ssize_t>(request.size()) || fail_by(errno);
  }

  /// What came next; empty at the end, nothing if the server stopped in between.
  std::optional<std::string_view> receive() {
    pollfd waiting{socket_.number(), POLLIN, 0};
    if (limit_.wait(std::span(&waiting, 1), Clock::now() + step_limit) != 0) return std::nullopt;
    const auto size = recv(socket_.number(), buffer_.data(), buffer_.size(), 0);
    if (size < 0) return std::nullopt;
    return std::string_view(buffer_.data(), static_cast<std::size_t>(size));
  }

  bool read_head() {
    auto end = std::string::npos;
    while ((end = head_.find("\r\n\r\n")) == std::string::npos) {
      const auto part = receive();
      if (!part) return fail(Outcome::silent, "the connection is taken, but no answer comes");
      if (part->empty() || head_.size() > max_head) {
        return fail(Outcome::refused, "what answers there is no web server");
      }
      head_ += *part;
    }
    body_ = head_.substr(end + 4);
    head_.resize(end + 2);
    constexpr std::size_t status_at = 9;
    const auto status = head_.starts_with("HTTP/1.") && head_.size() > status_at + 3
                            ? number<std::uint16_t>(std::string_view(head_).substr(status_at, 3))
                            : std::nullopt;
    if (!status) return fail(Outcome::refused, "what answers there is no web server");
    result_.status = *status;
    return true;
  }

  void read_body() {
    const auto size = number<std::uint64_t>(field(head_, "Content-Length"));
    std::optional<std::string_view> part = body_;
    bool first = true;
    while (part && (first || !part->empty())) {
      first = false;
      const auto room = doctor::Wire::kept - std::min(doctor::Wire::kept, result_.content.size());
      result_.content += part->substr(0, room);
      result_.size += part->size();
      if (size && result_.size >= *size) break;
      part = receive();
    }
    result_.outcome = Outcome::done;
    if (!part || (size && result_.size < *size)) {
      fail(Outcome::stalled, fmt::format("nothing more came after {} bytes", result_.size));
    }
  }

  doctor::Fetch& result_;
  Patience limit_{Clock::now() + time_limit};
  tree::Descriptor socket_;
  std::array<char, 65536> buffer_;
  std::string head_;
  std::string body_;
};

}  // namespace

void fetch_http(const wire::Endpoint& server, std::string_view host, std::string_view target,
                bool whole, doctor::Fetch& result) {
  for (const std::string_view method : {"HEAD", "GET"}) {
    if (whole && method == "HEAD") continue;
    const auto request =
        fmt::format("{} {} HTTP/1.0\r\nHost: {}\r\nUser-Agent: pixie-doctor\r\nAccept: */*\r\n\r\n",
                    method, target, host);
    Exchange(result).run(server, request, whole);
    if (result.status != method_not_allowed && result.status != not_implemented) return;
  }
}

}  // namespace pixie::net
