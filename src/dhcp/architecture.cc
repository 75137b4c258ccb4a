#include "dhcp/architecture.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace pixie::dhcp {
namespace {

using enum Platform;

constexpr Architecture architectures[] = {
    {0, "x86 BIOS", bios},
    {1, "NEC PC98"},
    {2, "Itanium"},
    {3, "DEC Alpha"},
    {4, "Arc x86"},
    {5, "Intel Lean Client"},
    {6, "x86 UEFI", uefi},
    {7, "x64 UEFI", uefi},
    {8, "EFI Xscale"},
    {9, "x64 UEFI", uefi},
    {10, "ARM 32-bit UEFI", uefi},
    {11, "ARM 64-bit UEFI", uefi},
    {12, "PowerPC Open Firmware"},
    {13, "PowerPC ePAPR"},
    {14, "POWER OPAL v3"},
    {15, "x86 UEFI, HTTP", uefi, true},
    {16, "x64 UEFI, HTTP", uefi, true},
    {17, "EBC UEFI, HTTP", uefi, true},
    {18, "ARM 32-bit UEFI, HTTP", uefi, true},
    {19, "ARM 64-bit UEFI, HTTP", uefi, true},
    {20, "x86 BIOS, HTTP", bios, true},
    {21, "ARM 32-bit U-Boot", uboot},
    {22, "ARM 64-bit U-Boot", uboot},
    {23, "ARM 32-bit U-Boot, HTTP", uboot, true},
    {24, "ARM 64-bit U-Boot, HTTP", uboot, true},
    {25, "RISC-V 32-bit UEFI", uefi},
    {26, "RISC-V 32-bit UEFI, HTTP", uefi, true},
    {27, "RISC-V 64-bit UEFI", uefi},
    {28, "RISC-V 64-bit UEFI, HTTP", uefi, true},
    {29, "RISC-V 128-bit UEFI", uefi},
    {30, "RISC-V 128-bit UEFI, HTTP", uefi, true},
    {31, "s390 Basic"},
    {32, "s390 Extended"},
    {33, "MIPS 32-bit UEFI", uefi},
    {34, "MIPS 64-bit UEFI", uefi},
    {35, "Sunway 32-bit UEFI", uefi},
    {36, "Sunway 64-bit UEFI", uefi},
    {37, "LoongArch 32-bit UEFI", uefi},
    {38, "LoongArch 32-bit UEFI, HTTP", uefi, true},
    {39, "LoongArch 64-bit UEFI", uefi},
    {40, "LoongArch 64-bit UEFI, HTTP", uefi, true},
    {41, "ARM Raspberry Pi", raspberry_pi},
};

}  // namespace

const Architecture* find_architecture(std::uint16_t type) {
  const auto* found = std::ranges::find(architectures, type, &Architecture::type);
  return found == std::end(architectures) ? nullptr : found;
}

std::string architecture_name(std::uint16_t type) {
  const auto* known = find_architecture(type);
  return known ? std::string(known->name) : fmt::format("type {}", type);
}

std::string_view ipxe_architecture(std::uint16_t type) {
  switch (type) {
    case 6:
    case 15:
      return "i386";
    case 7:
    case 9:
    case 16:
      return "x86_64";
    case 10:
    case 18:
      return "arm32";
    case 11:
    case 19:
      return "arm64";
    case 25:
    case 26:
      return "riscv32";
    case 27:
    case 28:
      return "riscv64";
    case 39:
    case 40:
      return "loong64";
    default:
      return {};
  }
}

std::vector<std::uint16_t> parse_architectures(wire::Bytes value) {
  std::vector<std::uint16_t> types;
  wire::Reader in(value);
  while (in.remaining() >= 2) types.push_back(in.u16());
  return types;
}

std::optional<std::uint16_t> vendor_class_architecture(std::string_view vendor_class) {
  constexpr std::string_view mark = "Client:Arch:";
  constexpr std::size_t digits_size = 5;
  const auto at = vendor_class.find(mark);
  if (at == std::string_view::npos) return std::nullopt;
  const auto digits = vendor_class.substr(at + mark.size(), digits_size);
  std::uint16_t type = 0;
  const auto [end, error] = std::from_chars(digits.begin(), digits.end(), type);
  if (error != std::errc{} || end != digits.end() || digits.size() != digits_size) {
    return std::nullopt;
  }
  return type;
}

}  // namespace pixie::dhcp
