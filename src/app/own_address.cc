#include "app/own_address.h"

#include <sys/socket.h>

#include "net/interfaces.h"
#include "net/udp.h"
#include "tree/descriptor.h"

namespace pixie::app {
namespace {

/// The source address of packets to the world: what the routing table says. Nothing is sent.
std::optional<wire::IpAddress> routed_address() {
  const tree::Descriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_storage address{};
  // TEST-NET-1 (RFC 5737): an address that no host has.
  auto length = net::to_socket_address(*wire::Endpoint::parse("192.0.2.1:9", 9), false, 0, address);
  if (connect(socket.number(), reinterpret_cast<const sockaddr*>(&address), length) != 0)
    return std::nullopt;
  length = sizeof address;
  if (getsockname(socket.number(), reinterpret_cast<sockaddr*>(&address), &length) != 0)
    return std::nullopt;
  return net::from_socket_address(address).address;
}

}  // namespace

std::vector<OwnAddress> own_addresses() {
  std::vector<OwnAddress> found;
  const auto interfaces = net::interfaces();
  if (!interfaces) return found;
  for (const auto& interface : *interfaces) {
    if (!interface.up || interface.loopback) continue;
    for (const auto& own : interface.addresses) found.push_back({interface.name, own.address});
  }
  return found;
}

std::optional<wire::IpAddress> likely_address(const std::vector<OwnAddress>& addresses) {
  if (auto routed = routed_address()) return routed;
  if (addresses.empty()) return std::nullopt;
  return addresses.front().address;
}

}  // namespace pixie::app
