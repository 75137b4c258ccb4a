// Sockets to listen on: one per loop for each address, sharing the port among themselves and with nobody else.
#pragma once

#include <string>
#include <vector>

#include "net/timer_wheel.h"
#include "tree/descriptor.h"
#include "wire/address.h"
#include "wire/error.h"

namespace pixie::net {

enum class Transport : std::uint8_t { udp, tcp };

/// One address, with a socket for each loop; sockets of one `Listening` have the same port.
struct Listening {
  wire::Endpoint endpoint;
  bool ipv6_socket;
  std::vector<tree::Descriptor> sockets;
};

/// Binds `count` sockets. Fails with one sentence that says what to do when the port is taken (by whom, where
/// that can be known), is privileged, or the address is not one of this machine's. `[::]` takes IPv4 as well
/// unless `ipv6_only`.
Expected<Listening> bind_sockets(const wire::Endpoint& endpoint, Transport transport,
                                 std::size_t count, bool ipv6_only);

/// A UDP socket on a free port of the same address: what transfers are sent from.
Expected<tree::Descriptor> bind_transfer_socket(const wire::Endpoint& listening, bool ipv6_socket);

/// What systemd (or another supervisor) hands over: `LISTEN_FDS` sockets from descriptor 3 on
/// (sd_listen_fds(3)), told apart by their type. Empty if there are none.
struct Inherited {
  std::vector<Listening> tftp;
  std::vector<Listening> http;
};
Expected<Inherited> inherited_sockets();

/// setsockopt(2) with an integer. False: the kernel refused (errno).
bool set_option(int socket, int level, int option, int value = 1);
/// Room for a burst of datagrams, as much as the kernel allows.
void enlarge_receive_buffer(int socket);
/// Blocks until a descriptor has input; false when it is time.
bool wait_until(int descriptor, TimePoint end);

/// `dnsmasq (process 812)`, or nothing if it can't be known (not ours to see, or gone).
std::string port_owner(std::uint16_t port, Transport transport);

}  // namespace pixie::net
