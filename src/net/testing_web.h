// For tests: a web server on loopback that answers what it is told, in the clear or through TLS.
#pragma once

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <condition_variable>
#include <functional>
#include <latch>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "net/socket.h"
#include "net/testing_tls.h"

namespace pixie::net {

/// A whole answer with a Content-Length.
inline std::string test_answer(int status, std::string_view body, std::string_view fields = {}) {
  return fmt::format("HTTP/1.1 {} text\r\nContent-Length: {}\r\n{}\r\n{}", status, body.size(),
                     fields, body);
}

/// Takes connections, each on a thread of its own: reads a request, sends what the reply makes of it, closes.
class TestWebServer {
 public:
  /// From a request, head and body, the bytes to send. Called from many threads.
  using Reply = std::function<std::string(const std::string& request)>;

  explicit TestWebServer(Reply reply, TestTls tls = {}, const char* address = "127.0.0.1:0")
      : reply_(std::move(reply)),
        tls_(std::move(tls)),
        listening_(
            bind_sockets(*wire::Endpoint::parse(address, 0), Transport::tcp, 1, true).value()),
        acceptor_([this] { accept_all(); }) {}

  ~TestWebServer() {
    shutdown(listening_.sockets[0].number(), SHUT_RDWR);
    acceptor_.join();
    connections_.clear();
  }
  TestWebServer(const TestWebServer&) = delete;

  std::uint16_t port() const { return listening_.endpoint.port; }
  std::string url(std::string_view path, std::string_view host = "127.0.0.1") const {
    return fmt::format("{}://{}:{}{}", tls_ ? "https" : "http", host, port(), path);
  }
  /// Those that came so far.
  std::vector<std::string> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }
  /// Waits until so many came.
  std::vector<std::string> requests(std::size_t count) const {
    std::unique_lock lock(mutex_);
    came_.wait(lock, [&] { return requests_.size() >= count; });
    return requests_;
  }

 private:
  void accept_all() {
    pollfd waiting{.fd = listening_.sockets[0].number(), .events = POLLIN, .revents = 0};
    while (poll(&waiting, 1, -1) > 0) {
      const int socket = accept4(waiting.fd, nullptr, nullptr, SOCK_CLOEXEC);
      if (socket < 0) return;
      connections_.emplace_back([this, socket] { serve(tree::Descriptor(socket)); });
    }
  }

  void serve(const tree::Descriptor& socket) {
    const std::shared_ptr<SSL> ssl(tls_ ? SSL_new(tls_.get()) : nullptr, SSL_free);
    if (ssl) {
      SSL_set_fd(ssl.get(), socket.number());
      if (SSL_accept(ssl.get()) != 1) return;
    }
    std::string request;
    std::array<char, 4096> buffer;
    while (!is_whole(request)) {
      const auto size = ssl ? SSL_read(ssl.get(), buffer.data(), buffer.size())
                            : recv(socket.number(), buffer.data(), buffer.size(), 0);
      if (size <= 0) return;
      request.append(buffer.data(), static_cast<std::size_t>(size));
    }
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(request);
    }
    came_.notify_all();
    const auto reply = reply_(request);
    if (ssl) {
      if (!reply.empty()) SSL_write(ssl.get(), reply.data(), static_cast<int>(reply.size()));
      if (!reply.ends_with(cut)) SSL_shutdown(ssl.get());
    } else {
      send(socket.number(), reply.data(), reply.size(), MSG_NOSIGNAL);
    }
  }

  static bool is_whole(const std::string& request) {
    const auto end = request.find("\r\n\r\n");
    if (end == std::string::npos) return false;
    const auto length = request.find("Content-Length: ");
    const auto size = length < end ? std::stoul(request.substr(length + 16, 20)) : 0;
    return request.size() >= end + 4 + size;
  }

 public:
  /// A reply through TLS that ends so is not followed by TLS's own end.
  static constexpr std::string_view cut = "(cut)";

 private:
  Reply reply_;
  TestTls tls_;
  Listening listening_;
  mutable std::mutex mutex_;
  mutable std::condition_variable came_;
  std::vector<std::string> requests_;
  std::vector<std::jthread> connections_;
  std::thread acceptor_;
};

/// Of HeldWebServer; it outlives the threads.
struct Release {
  std::latch released{1};
};

/// Keeps all who ask waiting until release(), then sends each the same.
class HeldWebServer : private Release, public TestWebServer {
 public:
  explicit HeldWebServer(std::string reply)
      : TestWebServer([this, reply = std::move(reply)](const auto&) {
          released.wait();
          return reply;
        }) {}

  /// Once.
  void release() { released.count_down(); }
};

}  // namespace pixie::net
