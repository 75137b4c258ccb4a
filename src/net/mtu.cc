#include "net/mtu.h"

#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "tree/descriptor.h"

namespace pixie::net {
namespace {

std::uint32_t look_up(std::uint32_t interface) {
  constexpr std::uint32_t ethernet = 1500;
  ifreq request{};
  const tree::Descriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  request.ifr_ifindex = static_cast<int>(interface);
  // (if_indextoname() would open a local socket, which the sandbox has none of.)
  if (!socket || ioctl(socket.number(), SIOCGIFNAME, &request) != 0) return ethernet;
  if (ioctl(socket.number(), SIOCGIFMTU, &request) != 0) return ethernet;
  return static_cast<std::uint32_t>(request.ifr_mtu);
}

}  // namespace

std::uint32_t MtuTable::of(std::uint32_t interface) {
  const auto now = std::chrono::steady_clock::now();
  const auto [at, added] = known_.try_emplace(interface);
  if (added || now - at->second.looked_up > std::chrono::seconds(5)) {
    at->second = {look_up(interface), now};
  }
  return at->second.mtu;
}

}  // namespace pixie::net
