#include "roms/pe.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

namespace pixie::roms {

namespace {

/// A little-endian number at an offset; out of bounds it reads zero and sets the sticky error.
class LittleEndian {
 public:
  explicit LittleEndian(wire::Bytes bytes) : bytes_(bytes) {}

  bool ok() const { return ok_; }
  std::uint16_t u16(std::uint64_t offset) { return static_cast<std::uint16_t>(number(offset, 2)); }
  std::uint32_t u32(std::uint64_t offset) { return number(offset, 4); }

 private:
  std::uint32_t number(std::uint64_t offset, std::size_t width) {
    if (offset > bytes_.size() || width > bytes_.size() - offset) {
      ok_ = false;
      return 0;
    }
    std::uint32_t value = 0;
    for (std::size_t i = width; i-- > 0;) {
      value = value << 8 | std::to_integer<std::uint32_t>(bytes_[offset + i]);
    }
    return value;
  }

  wire::Bytes bytes_;
  bool ok_ = true;
};

// The machine numbers of PE Format's table "Machine Types".
std::optional<Architecture> architecture_of(std::uint16_t machine) {
  switch (machine) {
    case 0x014c:
      return Architecture::kI386;
    case 0x8664:
      return Architecture::kX86_64;
    case 0x01c2:
      return Architecture::kArm32;
    case 0xaa64:
      return Architecture::kArm64;
    case 0x5032:
      return Architecture::kRiscv32;
    case 0x5064:
      return Architecture::kRiscv64;
    case 0x6264:
      return Architecture::kLoong64;
    default:
      return std::nullopt;
  }
}

/// The version in an iPXE ROM's SBAT line, `ipxe,1,iPXE,ipxe.efi,2.0.0,https://ipxe.org`.
std::string_view sbat_version(std::string_view text) {
  constexpr std::string_view kBefore = ",iPXE,";
  constexpr std::size_t kLongest = 128;
  for (auto at = text.find(kBefore); at != text.npos; at = text.find(kBefore, at + 1)) {
    const auto line = text.substr(at + kBefore.size(), 2 * kLongest);
    const auto name_end = line.find(',');
    if (name_end == line.npos) continue;
    const auto version = line.substr(name_end + 1, line.find(',', name_end + 1) - name_end - 1);
    const bool is_printable =
        std::ranges::all_of(version, [](char c) { return c >= ' ' && c <= '~'; });
    if (!version.empty() && version.size() <= kLongest && is_printable) return version;
  }
  return {};
}

std::optional<Image> identify_bios(wire::Bytes bytes) {
  const auto at = [&](std::size_t offset) { return std::to_integer<unsigned>(bytes[offset]); };
  if (bytes.size() < 512 || at(0) != 0xea || at(3) != 0xc0 || at(4) != 0x07) return std::nullopt;
  const bool names_architecture = at(6) == 0xae && at(7) == 0x18;
  const auto architecture =
      names_architecture && at(5) == 0x64 ? Architecture::kX86_64 : Architecture::kI386;
  return Image{architecture, Firmware::kBios, false, {}};
}

}  // namespace

Expected<Pe> read_pe(wire::Bytes bytes) {
  LittleEndian file(bytes);
  if (file.u16(0) != 0x5a4d) return fail("not a PE image: it doesn't start with MZ");
  const std::uint64_t pe = file.u32(0x3c);
  if (file.u32(pe) != 0x00004550) return fail("not a PE image: no PE header where MZ points to");

  const auto machine = file.u16(pe + 4);
  const std::uint64_t optional_size = file.u16(pe + 20);
  const auto optional = pe + 24;
  const auto magic = file.u16(optional);
  if (file.ok() && magic != 0x10b && magic != 0x20b) {
    return fail(
        fmt::format("not a PE image: optional header {:#06x} is neither PE32 nor PE32+", magic));
  }
  const auto subsystem = file.u16(optional + 68);
  const std::uint64_t directories = magic == 0x10b ? 96 : 112;
  const auto count = file.u32(optional + directories - 4);
  constexpr std::uint64_t kCertificates = 4 * 8;
  const bool has_entry = count > 4 && optional_size >= directories + kCertificates + 8;
  const std::uint64_t offset = has_entry ? file.u32(optional + directories + kCertificates) : 0;
  const std::uint64_t size = has_entry ? file.u32(optional + directories + kCertificates + 4) : 0;
  if (!file.ok()) return fail("not a PE image: the file ends within its headers");
  if (size > 0 && (offset == 0 || offset + size > bytes.size())) {
    return fail("the PE image is cut off: its signature lies beyond the end of the file");
  }

  const auto architecture = architecture_of(machine);
  if (!architecture)
    return fail(fmt::format("a PE image for machine {:#06x}, which iPXE doesn't know", machine));
  return Pe{*architecture, subsystem, size > 0};
}

Expected<Image> identify(wire::Bytes bytes) {
  if (const auto bios = identify_bios(bytes)) return *bios;
  const auto pe = read_pe(bytes);
  if (!pe) {
    return fail(wire::as_text(bytes).starts_with("MZ")
                    ? pe.error().text
                    : "neither an EFI application nor an iPXE BIOS ROM");
  }
  if (pe->subsystem != kEfiApplication) {
    return fail(fmt::format("no EFI application: its PE subsystem is {}, not {}", pe->subsystem,
                            kEfiApplication));
  }
  return Image{pe->architecture, Firmware::kUefi, pe->is_signed,
               sbat_version(wire::as_text(bytes))};
}

}  // namespace pixie::roms
