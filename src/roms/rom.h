// The ROMs that pixie knows: their names, and the bytes of those that this binary carries. The
// table is generated from roms/manifest.txt by cmake/Roms.cmake.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace pixie::roms {

/// Processor architectures that iPXE is built for.
enum class Architecture { kI386, kX86_64, kArm32, kArm64, kRiscv32, kRiscv64, kLoong64 };

enum class Firmware { kBios, kUefi };

/// iPXE's own name of the architecture, as in its release bundle: `x86_64`, `arm64`, …
std::string_view name_of(Architecture architecture);
/// `BIOS` or `UEFI`.
std::string_view name_of(Firmware firmware);

/// One ROM of the manifest. Everything it refers to lives as long as the program.
struct Rom {
  std::string_view name;
  /// Other names that mean this ROM; the path that it has in iPXE's release bundle is one of them.
  std::span<const std::string_view> aliases;
  Architecture architecture;
  Firmware firmware;
  /// One of the names that every pixie answers for, if only with the remedy.
  bool contract;
  /// The ROM that answers for this one while it is missing; may be empty.
  std::string_view stand_in;

  /// Empty if this binary doesn't carry the ROM; then what follows is empty too, but for the
  /// licence.
  std::span<const std::byte> bytes;
  /// Of `bytes`, in lower-case hexadecimal digits.
  std::string_view sha256;
  /// iPXE's version, `unknown` if nothing tells it.
  std::string_view version;
  std::string_view origin;
  std::string_view licence;
  /// Where the source code can be had.
  std::string_view source;

  bool embedded() const { return !bytes.empty(); }
};

/// Every ROM of the manifest, in its order, whether embedded or not.
std::span<const Rom> known_roms();

/// iPXE's version as this binary embeds it: that of the first embedded ROM which knows; empty
/// without ROMs.
std::string_view embedded_ipxe_version();

/// The ROM to offer a client of this processor architecture type (option 93; IANA's registry
/// "Processor Architecture Types"), for network boot by TFTP or HTTP alike; nothing for a type that
/// iPXE has no ROM for. 7 and 9 both mean x86_64, because RFC 4578 section 2.1 and its clients
/// disagree.
std::optional<std::string_view> rom_for_client(unsigned architecture_type);

/// The same by iPXE's name of the architecture and `bios`, `uefi` or `http` (UEFI HTTP Boot).
std::optional<std::string_view> rom_for_machine(std::string_view architecture,
                                                std::string_view firmware);

}  // namespace pixie::roms
