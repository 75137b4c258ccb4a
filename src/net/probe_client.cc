#include "net/probe_client.h"

#include <net/if.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <tuple>
#include <utility>

#include "net/frames.h"
#include "net/probe_fetch.h"
#include "net/socket.h"
#include "net/udp.h"
#include "tree/descriptor.h"

namespace pixie::net {
namespace {

using std::chrono::milliseconds;

constexpr auto boot_server_patience = std::chrono::milliseconds(1500);
constexpr auto arp_patience = std::chrono::milliseconds(400);
constexpr int tries = 2;

/// On `port` where that is free, as a client has it; otherwise on any port: servers answer both.
tree::Descriptor udp_socket(std::uint16_t port, const Interface* interface) {
  tree::Descriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_storage address{};
  const auto length = to_socket_address({wire::IpAddress::v4(0, 0, 0, 0), port}, false, 0, address);
  const int on = 1;
  setsockopt(socket.number(), SOL_SOCKET, SO_BROADCAST, &on, sizeof on);
  if (interface) {
    setsockopt(socket.number(), SOL_SOCKET, SO_BINDTODEVICE, interface->name.data(),
               static_cast<socklen_t>(interface->name.size()));
  }
  // Without success the kernel picks a port.
  std::ignore = bind(socket.number(), reinterpret_cast<const sockaddr*>(&address), length);
  return socket;
}

bool send_to(int socket, const wire::Endpoint& to, const dhcp::Packet& packet) {
  std::array<std::byte, dhcp::max_message_size> buffer;
  const auto bytes = dhcp::write(buffer, packet);
  sockaddr_storage address{};
  const auto length = to_socket_address(to, false, 0, address);
  return bytes && sendto(socket, bytes->data(), bytes->size(), 0,
                         reinterpret_cast<const sockaddr*>(&address), length) >= 0;
}

}  // namespace

Expected<std::unique_ptr<ProbeClient>> ProbeClient::open(const Interface& interface,
                                                         milliseconds wait) {
  auto capture = PacketSocket::open(
      interface, {.ethertype = Capture::everything, .outgoing = true, .promiscuous = true});
  if (!capture) return std::unexpected(capture.error());
  auto arp = PacketSocket::open(interface, {.ethertype = ethertype::arp});
  if (!arp) return std::unexpected(arp.error());
  return std::unique_ptr<ProbeClient>(
      new ProbeClient(interface, wait, std::move(*capture), std::move(*arp)));
}

std::vector<doctor::Offer> ProbeClient::broadcast(const dhcp::Packet& packet) {
  constexpr std::size_t max_offers = 64;
  std::array<std::byte, 2048> buffer;
  std::vector<doctor::Offer> offers;
  while (capture_.receive(buffer)) {
  }
  const auto socket = udp_socket(dhcp::client_port, &interface_);
  const auto begin = Clock::now();
  if (!send_to(socket.number(), {wire::IpAddress::v4(255, 255, 255, 255), dhcp::server_port},
               packet)) {
    return offers;
  }
  while (offers.size() < max_offers && wait_until(capture_.number(), begin + wait_)) {
    const auto frame = capture_.receive(buffer);
    if (!frame || frame->ethertype != ethertype::ipv4) continue;
    const auto datagram = parse_udp4(frame->payload);
    if (!datagram || datagram->from.port != dhcp::server_port) continue;
    auto answer = dhcp::parse(datagram->payload);
    if (!answer || !dhcp::answers(*answer, packet)) continue;
    offers.push_back({datagram->from.address, frame->source,
                      std::chrono::duration_cast<milliseconds>(Clock::now() - begin),
                      std::move(*answer)});
  }
  return offers;
}

std::optional<doctor::Offer> ProbeClient::ask_boot_server(const wire::IpAddress& server,
                                                          const dhcp::Packet& packet) {
  std::array<std::byte, 2048> buffer;
  const auto socket = udp_socket(dhcp::pxe_port, nullptr);
  const auto begin = Clock::now();
  for (int i = 0; i < tries; ++i) {
    const auto end = Clock::now() + boot_server_patience;
    send_to(socket.number(), {server, dhcp::pxe_port}, packet);
    while (wait_until(socket.number(), end)) {
      sockaddr_storage from{};
      socklen_t length = sizeof from;
      const auto size = recvfrom(socket.number(), buffer.data(), buffer.size(), 0,
                                 reinterpret_cast<sockaddr*>(&from), &length);
      if (size < 0) continue;
      auto answer = dhcp::parse(wire::Bytes(buffer).first(static_cast<std::size_t>(size)));
      if (!answer || !dhcp::answers(*answer, packet)) continue;
      return doctor::Offer{from_socket_address(from).address,
                           {},
                           std::chrono::duration_cast<milliseconds>(Clock::now() - begin),
                           std::move(*answer)};
    }
  }
  return std::nullopt;
}

std::optional<wire::Mac> ProbeClient::owner(const wire::IpAddress& address) {
  if (!interface_.reaches(address)) return std::nullopt;
  std::array<std::byte, arp_size> request;
  std::array<std::byte, 256> buffer;
  for (int i = 0; i < tries; ++i) {
    const auto end = Clock::now() + arp_patience;
    arp_.send(broadcast_mac, write_arp(request, Arp::probe(interface_.mac, address)));
    while (wait_until(arp_.number(), end)) {
      const auto frame = arp_.receive(buffer);
      const auto arp = frame ? parse_arp(frame->payload) : std::nullopt;
      if (arp && arp->sender == address) return arp->sender_mac;
    }
  }
  return std::nullopt;
}

doctor::Fetch ProbeClient::fetch(std::string_view url, bool whole) {
  return net::fetch(url, whole);
}

}  // namespace pixie::net
