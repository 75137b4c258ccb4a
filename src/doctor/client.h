// The kinds of machines that the doctor can play, and what their firmware writes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dhcp/packet.h"
#include "wire/address.h"
#include "wire/error.h"
#include "wire/mac.h"

namespace pixie::doctor {

struct ClientKind {
  /// `x64-uefi`, `x86-bios`, `x64-http`, …
  std::string_view name;
  /// The processor architecture type (option 93).
  std::uint16_t architecture = 0;
  /// Boots from URLs (UEFI HTTP Boot).
  bool http = false;
};

/// Fails with a sentence that lists those that exist.
Expected<ClientKind> find_client_kind(std::string_view name);

/// The DISCOVER of its firmware, as captured from SeaBIOS with a PXE option ROM, and from OVMF and
/// AAVMF. It asks for broadcast answers, so that anybody on the network can listen.
dhcp::Packet firmware_discover(const ClientKind& kind, const wire::Mac& mac, std::uint32_t xid);

/// The DISCOVER of iPXE once it runs there.
dhcp::Packet ipxe_discover(const ClientKind& kind, const wire::Mac& mac, std::uint32_t xid);

/// How such a client takes the address of an offer (RFC 2131 section 4.3.2, SELECTING).
dhcp::Packet lease_request(const dhcp::Packet& discover, const dhcp::Packet& offer);

/// What such a client asks on port 4011 (PXE 2.1 section 2.2.5), from `address`.
dhcp::Packet boot_server_request(const dhcp::Packet& discover, const wire::IpAddress& address);

/// What finds servers that have no address to give (RFC 2131 section 3.4), from `address`.
dhcp::Packet inform(const wire::Mac& mac, const wire::IpAddress& address, std::uint32_t xid);

}  // namespace pixie::doctor
