#include "net/resolver.h"

#include <ares.h>
#include <netinet/in.h>
#include <sys/time.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>

#include <fmt/format.h>

#include "net/udp.h"

namespace pixie::net {
namespace {

/// For the first try at each name server; c-ares doubles it for the next ones.
constexpr int try_milliseconds = 1000;
constexpr int tries = 3;
constexpr const char* resolv_conf = "/etc/resolv.conf";
constexpr std::size_t max_addresses = 16;

struct Lookup {
  bool done = false;
  int status = ARES_ECANCELLED;
  std::vector<wire::IpAddress> addresses;

  static void finish(void* self, int status, int /*timeouts*/, ares_addrinfo* found) {
    auto& lookup = *static_cast<Lookup*>(self);
    lookup.done = true;
    lookup.status = status;
    if (!found) return;
    for (const auto* node = found->nodes; node && lookup.addresses.size() < max_addresses;
         node = node->ai_next) {
      if (node->ai_family != AF_INET && node->ai_family != AF_INET6) continue;
      sockaddr_storage address{};
      std::memcpy(&address, node->ai_addr, node->ai_addrlen);
      lookup.addresses.push_back(from_socket_address(address).address);
    }
    ares_freeaddrinfo(found);
  }
};

/// What remember_name_servers() found; written before there are threads.
ares_addr_port_node* remembered_servers = nullptr;

struct Destroy {
  void operator()(ares_channel channel) const { ares_destroy(channel); }
};
using Channel = std::unique_ptr<ares_channeldata, Destroy>;

Channel open_channel() {
  static const int library = ares_library_init(ARES_LIB_INIT_ALL);
  ares_options options{};
  options.timeout = try_milliseconds;
  options.tries = tries;
  ares_channel channel = nullptr;
  if (library != ARES_SUCCESS ||
      ares_init_options(&channel, &options, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES) != ARES_SUCCESS) {
    return nullptr;
  }
  return Channel(channel);
}

/// The real folder of /etc/resolv.conf, if that is a link: a program keeps what is in there, and replaces it.
std::string resolv_conf_folder() {
  std::error_code error;
  const auto real = std::filesystem::canonical(resolv_conf, error).parent_path();
  return real == "/etc" ? "" : real.string();
}

TimePoint next_timeout(ares_channel channel, TimePoint latest) {
  timeval until{};
  const auto* next = ares_timeout(channel, nullptr, &until);
  if (!next) return latest;
  return Clock::now() + std::chrono::seconds(next->tv_sec) +
         std::chrono::microseconds(next->tv_usec);
}

/// One wait for what the channel waits for. 0, or why to give up.
int step(ares_channel channel, const Patience& patience) {
  std::array<ares_socket_t, ARES_GETSOCK_MAXNUM> sockets{};
  const auto wanted = static_cast<unsigned>(
      ares_getsock(channel, sockets.data(), static_cast<int>(sockets.size())));
  std::vector<pollfd> waiting;
  for (unsigned i = 0; i < sockets.size(); ++i) {
    const int events = (ARES_GETSOCK_READABLE(wanted, i) ? POLLIN : 0) |
                       (ARES_GETSOCK_WRITABLE(wanted, i) ? POLLOUT : 0);
    if (events != 0) waiting.push_back({sockets[i], static_cast<short>(events), 0});
  }
  const int error = patience.wait(waiting, next_timeout(channel, patience.deadline()));
  if (error != 0 && (error != ETIMEDOUT || Clock::now() >= patience.deadline())) return error;
  for (const auto& [socket, events, ready] : waiting) {
    const bool failed = (ready & (POLLERR | POLLHUP)) != 0;
    ares_process_fd(channel, failed || (ready & POLLIN) != 0 ? socket : ARES_SOCKET_BAD,
                    (ready & POLLOUT) != 0 ? socket : ARES_SOCKET_BAD);
  }
  ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
  return 0;
}

}  // namespace

Expected<std::vector<wire::IpAddress>> resolve(const std::string& name, const Patience& patience) {
  if (const auto address = wire::IpAddress::parse(name)) return std::vector{*address};
  // It outlives the channel, which calls it back when it is destroyed.
  Lookup lookup;
  const auto channel = open_channel();
  if (!channel) return fail("the name resolver can't start: is /etc/resolv.conf readable?");
  if (remembered_servers && !std::ifstream(resolv_conf))
    ares_set_servers_ports(channel.get(), remembered_servers);
  ares_addrinfo_hints hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  ares_getaddrinfo(channel.get(), name.c_str(), nullptr, &hints, Lookup::finish, &lookup);
  while (!lookup.done) {
    if (const int error = step(channel.get(), patience)) {
      return fail(fmt::format("the address of {} is not known: {}", name, wait_error(error)));
    }
  }
  if (lookup.addresses.empty()) {
    return fail(
        fmt::format("the address of {} is not known: {}", name, ares_strerror(lookup.status)));
  }
  return std::move(lookup.addresses);
}

std::vector<std::string> resolver_files() {
  return {resolv_conf,          resolv_conf_folder(), "/etc/hosts",
          "/etc/nsswitch.conf", "/etc/host.conf",     "/dev/urandom"};
}

void remember_name_servers() {
  if (const auto channel = open_channel())
    ares_get_servers_ports(channel.get(), &remembered_servers);
}

}  // namespace pixie::net
