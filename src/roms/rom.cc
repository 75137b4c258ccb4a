#include "roms/rom.h"

namespace pixie::roms {

std::string_view name_of(Architecture architecture) {
  switch (architecture) {
    case Architecture::kI386:
      return "i386";
    case Architecture::kX86_64:
      return "x86_64";
    case Architecture::kArm32:
      return "arm32";
    case Architecture::kArm64:
      return "arm64";
    case Architecture::kRiscv32:
      return "riscv32";
    case Architecture::kRiscv64:
      return "riscv64";
    case Architecture::kLoong64:
      return "loong64";
  }
  return "unknown";
}

std::string_view name_of(Firmware firmware) {
  return firmware == Firmware::kBios ? "BIOS" : "UEFI";
}

std::string_view embedded_ipxe_version() {
  for (const auto& rom : known_roms()) {
    if (rom.embedded() && rom.version != "unknown") return rom.version;
  }
  return {};
}

std::optional<std::string_view> rom_for_client(unsigned architecture_type) {
  switch (architecture_type) {
    case 0:
    case 20:
      return "undionly.kpxe";
    case 6:
    case 15:
      return "snponly32.efi";
    case 7:
    case 9:
    case 16:
      return "snponly64.efi";
    case 10:
    case 18:
      return "snponly-arm32.efi";
    case 11:
    case 19:
      return "snponly-arm64.efi";
    case 27:
    case 28:
      return "ipxe-riscv64.efi";
    case 39:
    case 40:
      return "ipxe-loong64.efi";
    default:
      return std::nullopt;
  }
}

}  // namespace pixie::roms
