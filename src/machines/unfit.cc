// Profiles that are not for every machine.
#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "machines/fleet.h"
#include "machines/names.h"

namespace pixie::machines {
namespace {

bool has(const std::vector<std::string>& list, std::string_view text) {
  return std::ranges::find(list, text) != list.end();
}

bool firmware_fits(const script::Fit& fit, std::string_view firmware) {
  return firmware.empty() || fit.firmware.empty() ||
         has(fit.firmware, firmware == "http" ? "uefi" : firmware);
}

/// With a BIOS every machine says i386, which runs on one with 64 bits too.
bool arch_fits(const script::Fit& fit, std::string_view arch, std::string_view firmware) {
  if (arch.empty() || fit.arch.empty() || has(fit.arch, arch)) return true;
  const bool is_x86 = arch == "i386" || arch == "x86_64";
  const bool may_be_bios = firmware.empty() || firmware == "bios";
  return is_x86 && may_be_bios && (has(fit.arch, "i386") || has(fit.arch, "x86_64"));
}

bool fits(const script::Fit& fit, const Identity& identity) {
  const auto firmware = identity[Fact::firmware];
  return firmware_fits(fit, firmware) && arch_fits(fit, identity[Fact::arch], firmware);
}

/// The rule with no conditions but those on firmware and architecture.
Rule of_its_kind(const Rule& rule) {
  Rule kind{.name = {}, .conditions = {}, .profile = {}, .vars = {}, .place = {}};
  std::ranges::copy_if(rule.conditions, std::back_inserter(kind.conditions), [](const auto& one) {
    return one.fact == Fact::firmware || one.fact == Fact::arch;
  });
  return kind;
}

}  // namespace

std::optional<std::string> unfit(const Profile& profile, const Identity& identity) {
  if (fits(profile.fit, identity)) return std::nullopt;
  const auto firmware = identity[Fact::firmware];
  return fmt::format("is for {}, and this machine has {}{}{}", script::fit_text(profile.fit),
                     firmware.empty()     ? ""
                     : firmware == "bios" ? "a BIOS"
                                          : "UEFI",
                     firmware.empty() || !identity.knows(Fact::arch) ? "" : " and is ",
                     identity[Fact::arch]);
}

std::optional<std::string> unfit(const Fleet& fleet, const Rule& rule) {
  const auto* profile = fleet.profile(rule.profile);
  if (!profile || profile->fit.any()) return std::nullopt;
  const auto kind = of_its_kind(rule);
  for (const auto firmware : firmware_names()) {
    for (const auto arch : arch_names()) {
      Identity identity;
      identity.learn(Fact::firmware, firmware, Source::configured);
      identity.learn(Fact::arch, arch, Source::configured);
      if (examine(fleet, kind, identity).matches && fits(profile->fit, identity))
        return std::nullopt;
    }
  }
  return fmt::format("profile {} is for {}, which no machine is that this rule matches",
                     profile->name, script::fit_text(profile->fit));
}

}  // namespace pixie::machines
