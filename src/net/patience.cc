#include "net/patience.h"

#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <tuple>
#include <utility>

#include "net/udp.h"

namespace pixie::net {

using std::chrono::milliseconds;

Patience::Patience(TimePoint deadline, const std::stop_token& stop) : deadline_(deadline) {
  if (!stop.stop_possible()) return;
  stopped_ = tree::Descriptor(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  on_stop_.emplace(stop, [number = stopped_.number()] { std::ignore = eventfd_write(number, 1); });
}

int Patience::wait(std::span<pollfd> descriptors, TimePoint until) const {
  constexpr std::size_t max_descriptors = 16;
  constexpr milliseconds longest = std::chrono::hours(1);
  std::array<pollfd, max_descriptors + 1> waiting{};
  const auto count = std::min(descriptors.size(), max_descriptors);
  std::ranges::copy(descriptors.first(count), waiting.begin());
  // poll() passes over a negative descriptor.
  waiting[count] = {.fd = stopped_.number(), .events = POLLIN, .revents = 0};
  for (;;) {
    const auto left = std::chrono::ceil<milliseconds>(std::min(until, deadline_) - Clock::now());
    const auto time = std::clamp(left, milliseconds(0), longest);
    const int ready = poll(waiting.data(), count + 1, static_cast<int>(time.count()));
    if (ready < 0 && errno != EINTR) return errno;
    if (ready > 0) {
      std::ranges::copy(std::span(waiting).first(count), descriptors.begin());
      return waiting[count].revents != 0 ? ECANCELED : 0;
    }
    if (ready == 0 && left <= longest) return ETIMEDOUT;
  }
}

int Patience::wait(int descriptor, short events) const {
  pollfd waiting{.fd = descriptor, .events = events, .revents = 0};
  return wait(std::span(&waiting, 1), deadline_);
}

TimePoint Patience::share(std::size_t parts) const {
  const auto now = Clock::now();
  return now + std::max(deadline_ - now, Clock::duration{}) / std::max<std::size_t>(parts, 1);
}

std::expected<tree::Descriptor, int> connect_tcp(const wire::Endpoint& server,
                                                 const Patience& patience, TimePoint until) {
  const bool ipv6 = !server.address.is_v4();
  tree::Descriptor socket(
      ::socket(ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return std::unexpected(errno);
  sockaddr_storage to{};
  const auto length = to_socket_address(server, ipv6, 0, to);
  if (connect(socket.number(), reinterpret_cast<const sockaddr*>(&to), length) == 0) return socket;
  if (errno != EINPROGRESS) return std::unexpected(errno);
  pollfd waiting{.fd = socket.number(), .events = POLLOUT, .revents = 0};
  if (const int error = patience.wait(std::span(&waiting, 1), until)) return std::unexpected(error);
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(socket.number(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return std::unexpected(error);
  return socket;
}

std::string wait_error(int error) {
  if (error == ETIMEDOUT) return "no answer in time";
  return error == ECANCELED ? "called off" : std::strerror(error);
}

}  // namespace pixie::net
