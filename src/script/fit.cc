#include "script/fit.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace pixie::script {
namespace {

bool has(const std::vector<std::string>& list, std::string_view text) {
  return std::ranges::find(list, text) != list.end();
}

bool takes(const std::vector<std::string>& list, std::string_view text) {
  return list.empty() || has(list, text);
}

}  // namespace

std::string fit_text(const Fit& fit) {
  std::vector<std::string_view> firmware;
  if (has(fit.firmware, "bios")) firmware.emplace_back("a BIOS");
  if (has(fit.firmware, "uefi")) firmware.emplace_back("UEFI");
  return fmt::format("{}{}{}", fmt::join(firmware, " or "),
                     firmware.empty() || fit.arch.empty() ? "" : " on ",
                     fmt::join(fit.arch, " or "));
}

std::string fit_commands(const Fit& fit, std::string_view flag) {
  auto lines = fmt::format("clear {} ||\n", flag);
  const auto add = [&](std::string_view test) {
    lines += fmt::format("iseq {} && set {} yes ||\n", test, flag);
  };
  if (takes(fit.firmware, "bios")) {
    if (takes(fit.arch, "i386")) {
      add("${platform} pcbios");
    } else if (has(fit.arch, "x86_64")) {
      add("${platform} pcbios && cpuid --ext 29");
    }
  }
  if (takes(fit.firmware, "uefi")) {
    if (fit.arch.empty()) add("${platform} efi");
    for (const auto& arch : fit.arch) add(fmt::format("${{platform}}-${{buildarch}} efi-{}", arch));
  }
  return lines;
}

}  // namespace pixie::script
