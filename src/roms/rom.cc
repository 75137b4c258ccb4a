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

std::optional<std::string_view> rom_for_machine(std::string_view architecture,
                                                std::string_view firmware) {
  struct Types {
    std::string_view architecture;
    unsigned uefi;
    unsigned http;
  };
  constexpr Types all[] = {{"i386", 6, 15},   {"x86_64", 7, 16},   {"arm32", 10, 18},
                           {"arm64", 11, 19}, {"riscv64", 27, 28}, {"loong64", 39, 40}};
  if (firmware == "bios") return rom_for_client(0);
  for (const auto& types : all) {
    if (types.architecture == architecture)
      return rom_for_client(firmware == "http" ? types.http : types.uefi);
  }
  return std::nullopt;
}

}  // namespace pixie::roms
