// What a DHCPv6 message tells about the machine that asks.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dhcp/packet6.h"
#include "wire/address.h"
#include "wire/mac.h"

namespace pixie::dhcp {

enum class Firmware6 : std::uint8_t {
  /// Does not want to boot.
  none,
  /// Wants a boot file, and is none of the others (U-Boot, a vendor's own client).
  other,
  /// UEFI PXE: takes only `tftp://[ADDRESS]/…`.
  uefi,
  /// UEFI HTTP Boot.
  uefi_http,
  ipxe
};

struct ClientFacts6 {
  /// The client identifier; empty if there is none.
  std::vector<std::byte> duid;
  /// Of the interface that asks, by the first that knows it: the relay (option 79), the client's
  /// link-local address if it's made of the MAC (EUI-64). Otherwise the one within the DUID, which
  /// may be another interface's of the same machine.
  std::optional<wire::Mac> mac;
  /// From a DUID-UUID, in the order of RFC 4122, as SMBIOS tools and iPXE print it.
  std::optional<std::array<std::uint8_t, 16>> uuid;
  /// Option 61, all of it; without it what the vendor class says.
  std::vector<std::uint16_t> architectures;
  Firmware6 firmware = Firmware6::none;
  /// A boot client's option 16, escaped where it isn't printable.
  std::string vendor_class;
  /// Option 6: the codes of options.
  std::vector<std::uint16_t> requested;

  bool is_boot_client() const { return firmware != Firmware6::none; }
  bool requests(std::uint16_t code) const;
};

/// `source` is the address that the datagram came from. Never fails: what is missing or broken is
/// absent.
ClientFacts6 describe(const Packet6& packet, const wire::IpAddress& source);

}  // namespace pixie::dhcp
