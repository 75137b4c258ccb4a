#include "net/http_stream.h"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace pixie::net {
namespace {

bool must_wait(int error) { return error == EAGAIN || error == EINTR; }

class PlainStream final : public HttpStream {
 public:
  PlainStream(tree::Descriptor socket, const Patience& patience)
      : socket_(std::move(socket)), patience_(patience) {}

  Expected<void> send(std::string_view bytes) override {
    while (!bytes.empty()) {
      if (const int error = patience_.wait(socket_.number(), POLLOUT)) return failure(error);
      const auto sent = ::send(socket_.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0 && !must_wait(errno)) return failure(errno);
      if (sent > 0) bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return {};
  }

  Expected<std::size_t> receive(std::span<char> buffer) override {
    for (;;) {
      if (const int error = patience_.wait(socket_.number(), POLLIN)) return failure(error);
      const auto size = recv(socket_.number(), buffer.data(), buffer.size(), 0);
      if (size >= 0) return static_cast<std::size_t>(size);
      if (!must_wait(errno)) return failure(errno);
    }
  }

 private:
  static std::unexpected<Error> failure(int error) { return fail(wait_error(error)); }

  tree::Descriptor socket_;
  const Patience& patience_;
};

}  // namespace

std::unique_ptr<HttpStream> plain_stream(tree::Descriptor socket, const Patience& patience) {
  return std::make_unique<PlainStream>(std::move(socket), patience);
}

}  // namespace pixie::net
