#include "app/privileges.h"

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>

#include <fmt/format.h>

namespace pixie::app {
namespace {

/// passwd(5), read here: getpwnam would load shared libraries, which a static executable can't rely on.
std::optional<User> find_user(const std::string& name) {
  std::ifstream lines("/etc/passwd");
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    std::string user, password, uid, gid;
    std::getline(fields, user, ':'), std::getline(fields, password, ':');
    std::getline(fields, uid, ':'), std::getline(fields, gid, ':');
    if (user != name || uid.empty() || gid.empty()) continue;
    return User{static_cast<unsigned>(std::stoul(uid)), static_cast<unsigned>(std::stoul(gid))};
  }
  return std::nullopt;
}

/// The folder, or the first thing directly in it, that the effective user can't read; empty if there is none.
std::string unreadable_in(const std::string& folder) {
  if (faccessat(AT_FDCWD, folder.c_str(), R_OK | X_OK, AT_EACCESS) != 0) return folder;
  const std::unique_ptr<DIR, decltype([](DIR* stream) { closedir(stream); })> stream(
      opendir(folder.c_str()));
  if (!stream) return folder;
  constexpr int look_at = 1000;
  for (int i = 0; i < look_at; ++i) {
    const dirent* item = readdir(stream.get());
    if (!item) break;
    if (item->d_name[0] == '.') continue;
    if (faccessat(dirfd(stream.get()), item->d_name, R_OK, AT_EACCESS) != 0 && errno == EACCES) {
      return fmt::format("{}/{}", folder, item->d_name);
    }
  }
  return "";
}

/// What the user could not read, tried as that user.
std::string unreadable_for(const User& user, const Settings& settings) {
  const auto& layout = settings.layout;
  std::string found;
  if (setgroups(0, nullptr) == 0 && setegid(user.gid) == 0 && seteuid(user.uid) == 0) {
    for (const auto& folder : {layout.scripts, layout.extra, layout.roms, settings.images}) {
      if (found.empty() && !folder.empty()) found = unreadable_in(folder);
    }
  }
  // Back to root; nothing else may go on if that fails.
  if (seteuid(0) != 0 || setegid(0) != 0) _exit(1);
  return found;
}

/// What root's own files could do without: whoever is served from, and written to, may be somebody else. The mirror and
/// SQLite give new files to the folder's or the database's owner.
constexpr std::uint64_t for_files_of_others =
    1 << CAP_DAC_OVERRIDE | 1 << CAP_FOWNER | 1 << CAP_CHOWN;

/// Each half has a set of its own: the version of capset(2) that takes 64 bits.
using CapabilitySets = std::array<__user_cap_data_struct, 2>;

/// capget(2) and capset(2) have no function in the C library.
bool exchange_capabilities(long call, CapabilitySets& sets) {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  return syscall(call, &header, sets.data()) == 0;
}

/// What no program that is started could have again. Needs CAP_SETPCAP; without it, no_new_privs does that alone.
void limit_bounding_set(std::uint64_t kept) {
  for (int capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability) {
    if ((kept >> capability & 1) == 0) prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  }
}

}  // namespace

std::optional<User> user_to_become(const Settings& settings) {
  if (geteuid() != 0 || settings.user == "root") return std::nullopt;
  return find_user(settings.user);
}

Expected<std::string> drop_privileges(const Settings& settings) {
  if (geteuid() != 0 || settings.user == "root") return "";
  const auto user = find_user(settings.user);
  if (!user) {
    return fail(fmt::format(
        "--user: there is no user '{}' in /etc/passwd; name another one, or root to stay root",
        settings.user));
  }
  const auto unreadable = unreadable_for(*user, settings);
  if (!unreadable.empty() && !settings.user_given) {
    return fmt::format(
        "Stays root, because {} can't read {}. Make it readable (chmod -R a+rX), or choose with "
        "--user.",
        settings.user, unreadable);
  }
  limit_bounding_set(0);
  if (setgroups(0, nullptr) != 0 || setgid(user->gid) != 0 || setuid(user->uid) != 0) {
    return fail(fmt::format("--user: can't become {}: {}", settings.user, std::strerror(errno)));
  }
  if (!unreadable.empty())
    return fmt::format("{} can't read {}: that will not be served.", settings.user, unreadable);
  return "";
}

Expected<void> drop_capabilities() {
  const auto kept = geteuid() == 0 ? for_files_of_others : 0;
  limit_bounding_set(kept);
  CapabilitySets sets{};
  if (!exchange_capabilities(SYS_capget, sets))
    return fail(fmt::format("--sandbox: capget: {}", std::strerror(errno)));
  bool any = false;
  for (std::size_t half = 0; half < sets.size(); ++half) {
    any |= (sets[half].permitted | sets[half].inheritable) != 0;
    const auto left = sets[half].permitted & static_cast<std::uint32_t>(kept >> 32 * half);
    sets[half] = {.effective = left, .permitted = left, .inheritable = 0};
  }
  // The ambient ones go with the permitted ones.
  if (any && !exchange_capabilities(SYS_capset, sets))
    return fail(fmt::format("--sandbox: capset: {}", std::strerror(errno)));
  return {};
}

std::string capabilities_in_force() {
  CapabilitySets sets{};
  if (!exchange_capabilities(SYS_capget, sets)) return "unknown";
  const auto effective = std::uint64_t{sets[1].effective} << 32 | sets[0].effective;
  return effective == 0 ? "none" : fmt::format("{:016x}", effective);
}

}  // namespace pixie::app
