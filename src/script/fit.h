// For which machines something can boot, and how iPXE finds out on the machine whether it is one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pixie::script {

/// Both must fit; an empty list fits every machine.
struct Fit {
  /// `bios`, `uefi`.
  std::vector<std::string> firmware = {};
  /// iPXE's names: `x86_64`, `i386`, `arm64`, `arm32`, `riscv64`, `loong64`.
  std::vector<std::string> arch = {};

  bool any() const { return firmware.empty() && arch.empty(); }
  bool operator==(const Fit&) const = default;
};

/// For people: `UEFI on x86_64 or arm64`, `a BIOS`, `arm64`; empty if it is for any machine.
std::string fit_text(const Fit& fit);

/// Lines of an iPXE script that set `flag` to `yes` on a machine that fits, and clear it on others. iPXE for BIOS calls
/// every machine i386: there, whether the processor has 64 bits decides (CPUID 0x80000001, EDX bit 29).
std::string fit_commands(const Fit& fit, std::string_view flag);

}  // namespace pixie::script
