#include "app/landlock.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

#include <fmt/format.h>

#include "tree/descriptor.h"

namespace pixie::app {
namespace {

// What <linux/landlock.h> of Linux 6.1 does not know yet.
constexpr std::uint64_t fs_truncate = 1 << 14;
constexpr std::uint64_t fs_ioctl_device = 1 << 15;
constexpr std::uint64_t net_bind_tcp = 1 << 0;
constexpr std::uint64_t net_connect_tcp = 1 << 1;
constexpr std::uint64_t scope_abstract_socket = 1 << 0;
constexpr std::uint64_t scope_signal = 1 << 1;

/// struct landlock_ruleset_attr; an older kernel takes it as long as what it does not know is 0.
struct RulesetAttributes {
  std::uint64_t handled_fs;
  std::uint64_t handled_net;
  std::uint64_t scoped;
};

constexpr std::uint64_t reading_file = LANDLOCK_ACCESS_FS_READ_FILE;
constexpr std::uint64_t reading = reading_file | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr std::uint64_t writing_file = LANDLOCK_ACCESS_FS_WRITE_FILE | fs_truncate;
constexpr std::uint64_t writing = writing_file | LANDLOCK_ACCESS_FS_REMOVE_FILE |
                                  LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
                                  LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_REFER;

/// All that a version of Landlock can forbid, but connecting.
RulesetAttributes everything(int version) {
  // The first version has thirteen rights, LANDLOCK_ACCESS_FS_EXECUTE to LANDLOCK_ACCESS_FS_MAKE_SYM.
  RulesetAttributes all{.handled_fs = (1 << 13) - 1, .handled_net = 0, .scoped = 0};
  if (version >= 2) all.handled_fs |= LANDLOCK_ACCESS_FS_REFER;
  if (version >= 3) all.handled_fs |= fs_truncate;
  if (version >= 4) all.handled_net = net_bind_tcp;
  if (version >= 5) all.handled_fs |= fs_ioctl_device;
  if (version >= 6) all.scoped = scope_abstract_socket | scope_signal;
  return all;
}

std::unexpected<Error> failed(std::string_view what) {
  return fail(fmt::format("{}: {}", what, std::strerror(errno)));
}

Expected<void> allow(const tree::Descriptor& ruleset, const FileRule& rule, std::uint64_t handled) {
  const tree::Descriptor place(open(rule.path.c_str(), O_PATH | O_CLOEXEC));
  struct stat status;
  if (!place || fstat(place.number(), &status) != 0) return {};
  const bool folder = S_ISDIR(status.st_mode);
  auto rights = folder ? reading : reading_file;
  if (rule.writable) rights |= folder ? writing : writing_file;
  const landlock_path_beneath_attr beneath{.allowed_access = rights & handled,
                                           .parent_fd = place.number()};
  if (syscall(SYS_landlock_add_rule, ruleset.number(), LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) !=
      0)
    return failed(rule.path);
  return {};
}

}  // namespace

Expected<int> confine_to_files(std::span<const FileRule> rules, bool connects) {
  const auto version = static_cast<int>(
      syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION));
  if (version < 1) return failed("the kernel gives none");
  auto attributes = everything(version);
  if (version >= 4 && !connects) attributes.handled_net |= net_connect_tcp;
  const tree::Descriptor ruleset(
      static_cast<int>(syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0)));
  if (!ruleset) return failed("landlock_create_ruleset");
  for (const auto& rule : rules) {
    if (auto allowed = allow(ruleset, rule, attributes.handled_fs); !allowed)
      return std::unexpected(allowed.error());
  }
  if (syscall(SYS_landlock_restrict_self, ruleset.number(), 0) != 0)
    return failed("landlock_restrict_self");
  return version;
}

}  // namespace pixie::app
