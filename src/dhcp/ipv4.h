// IPv4 addresses as the 32-bit numbers that DHCP carries.
#pragma once

#include <cstdint>

#include "wire/address.h"

namespace pixie::dhcp {

/// The address whose first octet is the most significant one of `number`.
inline wire::IpAddress ipv4_address(std::uint32_t number) {
  const auto octet = [number](unsigned shift) {
    return static_cast<std::uint8_t>(number >> shift & 0xff);
  };
  return wire::IpAddress::v4(octet(24), octet(16), octet(8), octet(0));
}

/// The inverse, of an address that is_v4().
inline std::uint32_t ipv4_number(const wire::IpAddress& address) {
  std::uint32_t number = 0;
  for (std::size_t i = 12; i < 16; ++i) number = number << 8 | address.octets[i];
  return number;
}

}  // namespace pixie::dhcp
