// Processor architecture types, by which boot clients say what they can run: option 93 of DHCPv4
// (RFC 4578 section 2.1) and option 61 of DHCPv6 (RFC 5970 section 3.3). The numbers are those of
// IANA's registry "Processor Architecture Types".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wire/cursor.h"

namespace pixie::dhcp {

/// What such a type stands for.
enum class Platform : std::uint8_t { bios, uefi, uboot, raspberry_pi, other };

struct Architecture {
  std::uint16_t type = 0;
  std::string_view name;
  Platform platform = Platform::other;
  /// Whether it boots from URLs instead of TFTP names.
  bool http = false;
};

/// A registered type; nothing for the others.
const Architecture* find_architecture(std::uint16_t type);

/// For people: `x64 UEFI`, `type 999` for one that isn't registered. 7 and 9 are both x64, because
/// RFC 4578 section 2.1 and its clients disagree about them.
std::string architecture_name(std::uint16_t type);

/// As iPXE's ${buildarch} names the processor (https://ipxe.org/cfg/buildarch); empty for what it
/// has no name for, and for BIOS: its types tell the firmware, not the processor.
std::string_view ipxe_architecture(std::uint16_t type);

/// The list of types that option 93 holds; an odd byte at its end is ignored.
std::vector<std::uint16_t> parse_architectures(wire::Bytes value);

/// The type that a vendor class names: `PXEClient:Arch:00007:UNDI:003000`,
/// `HTTPClient:Arch:00016…`.
std::optional<std::uint16_t> vendor_class_architecture(std::string_view vendor_class);

}  // namespace pixie::dhcp
