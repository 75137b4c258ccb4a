#include "net/socket.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>

#include "net/udp.h"

namespace pixie::net {
namespace {

constexpr int receive_buffer_bytes = 4 << 20;

std::string_view name(Transport transport) { return transport == Transport::udp ? "UDP" : "TCP"; }

std::string explain(int error, const wire::Endpoint& endpoint, Transport transport) {
  const auto what = fmt::format("can't listen on {} port {}", name(transport), endpoint.text());
  switch (error) {
    case EACCES:
      return fmt::format(
          "{}: ports below 1024 need root or a capability. Start pixie with sudo, or once: "
          "sudo setcap cap_net_bind_service=+ep $(command -v pixie)",
          what);
    case EADDRINUSE: {
      const auto owner = port_owner(endpoint.port, transport);
      return fmt::format("{}: {} it already. Stop that, or choose another address with {}", what,
                         owner.empty() ? "another program has" : owner + " has",
                         transport == Transport::udp ? "--tftp" : "--http or --https");
    }
    case EADDRNOTAVAIL:
      return fmt::format("{}: {} is no address of this machine (see: ip address)", what,
                         endpoint.address.text());
    default:
      return fmt::format("{}: {}", what, std::strerror(error));
  }
}

/// A request's address must be known, to answer from it; a transfer's packets needn't tell theirs again.
void prepare_for_requests(int socket, bool ipv6_socket) {
  // An IPv6 socket that takes IPv4 too reports those packets by IP_PKTINFO.
  set_option(socket, IPPROTO_IP, IP_PKTINFO);
  if (ipv6_socket) set_option(socket, IPPROTO_IPV6, IPV6_RECVPKTINFO);
  enlarge_receive_buffer(socket);
}

/// The first socket of a port is bound alone, so that a port that anyone holds, another pixie too, is
/// refused; only then it lets the others of this process share the port.
std::expected<tree::Descriptor, int> bind_one(const wire::Endpoint& endpoint, bool ipv6_socket,
                                              Transport transport, bool first, bool ipv6_only) {
  const int type = transport == Transport::udp ? SOCK_DGRAM : SOCK_STREAM;
  tree::Descriptor socket(
      ::socket(ipv6_socket ? AF_INET6 : AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return std::unexpected(errno);
  const int number = socket.number();
  if (transport == Transport::tcp) {
    set_option(number, SOL_SOCKET, SO_REUSEADDR);
    // Accepted sockets inherit it (tcp(7)).
    set_option(number, IPPROTO_TCP, TCP_NODELAY);
  }
  if (!first) set_option(number, SOL_SOCKET, SO_REUSEPORT);
  if (ipv6_socket) set_option(number, IPPROTO_IPV6, IPV6_V6ONLY, ipv6_only ? 1 : 0);
  sockaddr_storage address{};
  const auto length = to_socket_address(endpoint, ipv6_socket, 0, address);
  if (bind(number, reinterpret_cast<const sockaddr*>(&address), length) != 0)
    return std::unexpected(errno);
  if (transport == Transport::tcp && listen(number, 4096) != 0) return std::unexpected(errno);
  if (first) set_option(number, SOL_SOCKET, SO_REUSEPORT);
  return socket;
}

std::expected<wire::Endpoint, int> local_endpoint(int socket) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  if (getsockname(socket, reinterpret_cast<sockaddr*>(&address), &length) != 0)
    return std::unexpected(errno);
  return from_socket_address(address);
}

int integer_option(int socket, int option) {
  int value = -1;
  socklen_t length = sizeof value;
  getsockopt(socket, SOL_SOCKET, option, &value, &length);
  return value;
}

}  // namespace

bool set_option(int socket, int level, int option, int value) {
  return setsockopt(socket, level, option, &value, sizeof value) == 0;
}

void enlarge_receive_buffer(int socket) {
  if (!set_option(socket, SOL_SOCKET, SO_RCVBUFFORCE, receive_buffer_bytes)) {
    set_option(socket, SOL_SOCKET, SO_RCVBUF, receive_buffer_bytes);
  }
}

bool wait_until(int descriptor, TimePoint end) {
  for (auto now = Clock::now(); now < end; now = Clock::now()) {
    pollfd waiting{descriptor, POLLIN, 0};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - now);
    if (poll(&waiting, 1, static_cast<int>(left.count())) > 0) return true;
  }
  return false;
}

Expected<Listening> bind_sockets(const wire::Endpoint& endpoint, Transport transport,
                                 std::size_t count, bool ipv6_only) {
  Listening listening{
      .endpoint = endpoint, .ipv6_socket = !endpoint.address.is_v4(), .sockets = {}};
  for (std::size_t i = 0; i < count; ++i) {
    auto socket = bind_one(listening.endpoint, listening.ipv6_socket, transport, i == 0, ipv6_only);
    if (!socket) return fail(explain(socket.error(), endpoint, transport));
    if (transport == Transport::udp) prepare_for_requests(socket->number(), listening.ipv6_socket);
    listening.sockets.push_back(std::move(*socket));
    // Port 0 becomes a real one with the first socket.
    if (const auto bound = local_endpoint(listening.sockets[0].number()))
      listening.endpoint.port = bound->port;
  }
  return listening;
}

Expected<tree::Descriptor> bind_transfer_socket(const wire::Endpoint& listening, bool ipv6_socket) {
  const wire::Endpoint any_port{listening.address, 0};
  auto socket = bind_one(any_port, ipv6_socket, Transport::udp, true, false);
  if (!socket) return fail(explain(socket.error(), any_port, Transport::udp));
  enlarge_receive_buffer(socket->number());
  return std::move(*socket);
}

Expected<Inherited> inherited_sockets() {
  Inherited inherited;
  const char* process = std::getenv("LISTEN_PID");
  const char* count = std::getenv("LISTEN_FDS");
  if (!process || !count || std::atol(process) != getpid()) return inherited;
  constexpr int first_descriptor = 3;
  for (int number = first_descriptor; number < first_descriptor + std::atoi(count); ++number) {
    fcntl(number, F_SETFD, FD_CLOEXEC);
    fcntl(number, F_SETFL, fcntl(number, F_GETFL) | O_NONBLOCK);
    const auto endpoint = local_endpoint(number);
    const int type = integer_option(number, SO_TYPE);
    if (!endpoint || (type != SOCK_DGRAM && type != SOCK_STREAM)) {
      return fail(fmt::format(
          "LISTEN_FDS: descriptor {} is no TCP or UDP socket; check the .socket unit", number));
    }
    Listening listening{.endpoint = *endpoint,
                        .ipv6_socket = integer_option(number, SO_DOMAIN) == AF_INET6,
                        .sockets = {}};
    listening.sockets.emplace_back(number);
    if (type == SOCK_DGRAM) {
      prepare_for_requests(number, listening.ipv6_socket);
    } else {
      set_option(number, IPPROTO_TCP, TCP_NODELAY);
    }
    (type == SOCK_DGRAM ? inherited.tftp : inherited.http).push_back(std::move(listening));
  }
  return inherited;
}

}  // namespace pixie::net
