// Datagrams in batches: receive with the address that the client hit (PKTINFO), send from that address, many
// per system call, several equal segments per message where the kernel can cut them (UDP GSO).
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "wire/address.h"
#include "wire/cursor.h"

namespace pixie::net {

/// A packet's way: where it came from, and which of our addresses, on which interface, it was sent to. An
/// answer takes the same way back.
struct Route {
  wire::Endpoint peer;
  wire::IpAddress local;
  std::uint32_t interface = 0;
};

struct Datagram {
  Route route;
  wire::Bytes payload;
  /// The client did not address us alone (broadcast, multicast): each loop's socket gets a copy.
  bool to_many = false;
};

class UdpReceiver {
 public:
  static constexpr std::size_t batch_size = 32;
  static constexpr std::size_t datagram_limit = 1536;

  UdpReceiver();
  /// What is waiting on a non-blocking socket, at most `batch_size`; valid until the next call.
  std::span<const Datagram> receive(int socket);

 private:
  struct Slot {
    std::array<std::byte, datagram_limit> payload;
    sockaddr_storage peer;
    std::array<std::byte, 128> control;
    iovec vector;
  };
  std::vector<Slot> slots_;
  std::vector<mmsghdr> headers_;
  std::vector<Datagram> datagrams_;
};

/// Collects messages, then sends them in few calls. What a message points at must live until `flush`.
class UdpSender {
 public:
  static constexpr std::size_t batch_size = 64;

  explicit UdpSender(bool ipv6_socket);

  bool full() const { return count_ == batch_size; }
  /// `segment_size` 0: one datagram. Otherwise the kernel cuts the bytes into datagrams of that size.
  void add(const Route& route, std::span<iovec> parts, std::uint16_t segment_size);

  struct Outcome {
    std::size_t sent;
    /// The errno of the first message that was not sent: EAGAIN when the socket's buffer is full.
    int error;
  };
  /// Sends from the first message on until one fails; forgets them all.
  Outcome flush(int socket);

 private:
  struct Slot {
    sockaddr_storage peer;
    alignas(cmsghdr) std::array<std::byte, 64> control;
  };
  bool ipv6_socket_;
  std::size_t count_ = 0;
  std::array<Slot, batch_size> slots_;
  std::array<mmsghdr, batch_size> headers_;
};

/// A socket address for an endpoint, as an IPv6 or an IPv4 socket wants it. `scope`: the interface, used for
/// link-local addresses. Returns its length.
socklen_t to_socket_address(const wire::Endpoint& endpoint, bool ipv6_socket, std::uint32_t scope,
                            sockaddr_storage& out);
wire::Endpoint from_socket_address(const sockaddr_storage& address);

}  // namespace pixie::net
