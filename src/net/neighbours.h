// Which machine has an IP address, by the kernel's neighbour table (ARP, NDP), one entry at a time: the cost does
// not grow with the network.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "tree/descriptor.h"
#include "wire/address.h"
#include "wire/cursor.h"
#include "wire/mac.h"

namespace pixie::net {

/// Belongs to one thread, and to the network namespace of the thread that made it. Needs no privilege.
class Neighbours {
 public:
  /// Throws std::system_error if the kernel has no netlink socket to give.
  Neighbours();

  /// The Ethernet address of `address` on the interface of this index, by two system calls. With index 0 the
  /// routing table is asked for the interface first (four calls). Nothing if the kernel does not know it now, for
  /// addresses behind a router, for our own, and for kernels before 5.0.
  std::optional<wire::Mac> find(const wire::IpAddress& address, std::uint32_t interface);

 private:
  /// Sends `request`, a whole message but for its sequence number, and returns the answer that came into
  /// `buffer_`; empty if it is an error.
  wire::Bytes ask(std::span<std::byte> request);
  std::uint32_t interface_to(const wire::IpAddress& address);

  tree::Descriptor socket_;
  std::uint32_t sequence_ = 0;
  alignas(4) std::byte buffer_[2048];
};

}  // namespace pixie::net
