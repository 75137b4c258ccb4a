#include "app/privileges.h"

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <unistd.h>

#include <cerrno>
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
  if (setgroups(0, nullptr) != 0 || setgid(user->gid) != 0 || setuid(user->uid) != 0) {
    return fail(fmt::format("--user: can't become {}: {}", settings.user, std::strerror(errno)));
  }
  if (!unreadable.empty())
    return fmt::format("{} can't read {}: that will not be served.", settings.user, unreadable);
  return "";
}

}  // namespace pixie::app
