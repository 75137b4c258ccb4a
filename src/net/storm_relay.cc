#include "net/storm_relay.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "net/socket.h"

namespace pixie::net {
namespace {

/// 0, or an errno; the socket is there all the same.
std::pair<tree::Descriptor, int> udp_socket(const wire::Endpoint& own) {
  tree::Descriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_storage address{};
  const auto length = to_socket_address(own, false, 0, address);
  enlarge_receive_buffer(socket.number());
  const bool bound =
      bind(socket.number(), reinterpret_cast<const sockaddr*>(&address), length) == 0;
  return {std::move(socket), bound ? 0 : errno};
}

std::string obstacle(int error) {
  if (error == EACCES) return "that needs root or CAP_NET_BIND_SERVICE";
  const auto owner = error == EADDRINUSE ? port_owner(dhcp::server_port, Transport::udp) : "";
  return owner.empty() ? std::strerror(error) : fmt::format("it is taken by {}", owner);
}

}  // namespace

Expected<std::unique_ptr<StormRelay>> StormRelay::open(Loop& loop, const wire::IpAddress& own,
                                                       OnAnswer on_answer) {
  auto [server_side, error] = udp_socket({own, dhcp::server_port});
  if (error != 0) {
    return fail(fmt::format("storm: the relay's port {} of {} can't be opened: {}",
                            dhcp::server_port, own.text(), obstacle(error)));
  }
  // Without port 68 another does: boot servers answer to the port that asks.
  auto client_side = udp_socket({own, dhcp::client_port}).first;
  return std::unique_ptr<StormRelay>(
      new StormRelay(loop, std::move(server_side), std::move(client_side), std::move(on_answer)));
}

StormRelay::StormRelay(Loop& loop, tree::Descriptor server_side, tree::Descriptor client_side,
                       OnAnswer on_answer)
    : on_answer_(std::move(on_answer)),
      server_side_(*this, loop, std::move(server_side)),
      client_side_(*this, loop, std::move(client_side)) {}

/// What can't be sent counts as lost: the machine repeats it.
void StormRelay::send(const wire::Endpoint& to, const dhcp::Packet& packet) const {
  std::array<std::byte, dhcp::max_message_size> buffer;
  const auto bytes = dhcp::write(buffer, packet, buffer.size());
  if (!bytes) return;
  sockaddr_storage address{};
  const auto length = to_socket_address(to, false, 0, address);
  const auto& socket = to.port == dhcp::pxe_port ? client_side_ : server_side_;
  std::ignore = sendto(socket.number(), bytes->data(), bytes->size(), 0,
                       reinterpret_cast<const sockaddr*>(&address), length);
}

void StormRelay::receive(int socket) {
  for (const auto& datagram : receiver_.receive(socket)) {
    auto packet = dhcp::parse(datagram.payload);
    if (!packet || packet->op != dhcp::Packet::boot_reply) continue;
    on_answer_(doctor::Offer{.from = datagram.route.peer.address,
                             .from_mac = {},
                             .after = {},
                             .packet = std::move(*packet)});
  }
}

}  // namespace pixie::net
