#include "app/notify.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>

namespace pixie::app {
namespace {

std::optional<std::chrono::microseconds> watchdog_of_environment() {
  const char* process = std::getenv("WATCHDOG_PID");
  const char* time = std::getenv("WATCHDOG_USEC");
  if (!time || (process && std::atol(process) != getpid())) return std::nullopt;
  const std::chrono::microseconds half(std::atoll(time) / 2);
  return half.count() > 0 ? std::optional(half) : std::nullopt;
}

}  // namespace

ServiceManager::ServiceManager() : watchdog_(watchdog_of_environment()) {
  const char* path = std::getenv("NOTIFY_SOCKET");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (!path || std::strlen(path) >= sizeof address.sun_path) return;
  std::memcpy(address.sun_path, path, std::strlen(path));
  // A leading @ stands for Linux' abstract namespace.
  if (address.sun_path[0] == '@') address.sun_path[0] = '\0';
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + std::strlen(path));
  tree::Descriptor socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) return;
  if (connect(socket.number(), reinterpret_cast<const sockaddr*>(&address), length) == 0)
    socket_ = std::move(socket);
}

void ServiceManager::notify(const std::string& state) const {
  if (socket_) send(socket_.number(), state.data(), state.size(), MSG_NOSIGNAL);
}

std::string monotonic_now() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return fmt::format("MONOTONIC_USEC={}",
                     std::chrono::duration_cast<std::chrono::microseconds>(now).count());
}

}  // namespace pixie::app
