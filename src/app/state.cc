#include "app/state.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <tuple>

#include <fmt/format.h>

#include "app/privileges.h"

namespace pixie::app {
namespace {

/// Beside the files of leases, which are opened by root.
std::string store_folder(const Settings& settings) { return settings.state + "/machines"; }

/// The folder, and what another user's pixie left in it.
void give_away(const std::string& folder, const User& user) {
  std::error_code error;
  std::ignore = chown(folder.c_str(), user.uid, user.gid);
  for (const auto& file : std::filesystem::directory_iterator(folder, error))
    std::ignore = lchown(file.path().c_str(), user.uid, user.gid);
}

}  // namespace

std::string kept_indexes_folder(const Settings& settings) { return settings.state + "/images"; }

void make_state_folders(const Settings& settings) {
  const auto user = user_to_become(settings);
  std::error_code error;
  for (const auto& folder : {store_folder(settings), kept_indexes_folder(settings)}) {
    std::filesystem::create_directories(folder, error);
    std::filesystem::permissions(folder, std::filesystem::perms::owner_all, error);
    if (user) give_away(folder, *user);
  }
  if (settings.mirror.empty()) return;
  const auto& mirror = settings.mirror_folder;
  const bool made = std::filesystem::create_directories(mirror, error);
  if (user && (made || mirror.starts_with(settings.state + "/"))) give_away(mirror, *user);
}

Expected<State> open_state(const Settings& settings) {
  const auto folder = store_folder(settings);
  const bool writable = access(folder.c_str(), R_OK | W_OK | X_OK) == 0;
  if (!writable && settings.state_given) {
    return fail(fmt::format("--state: {} can't be used: {}. Name a folder that pixie may write to",
                            folder, std::strerror(errno)));
  }
  std::string trouble;
  const bool taken = writable && !settings.state_given && store::is_taken(folder);
  if (!writable || taken) {
    trouble = fmt::format(
        "What pixie learns of machines, and what is assigned to them, is forgotten at its end: "
        "{} {}. Name another folder by --state.",
        folder, taken ? "is another pixie's" : "can't be written to");
  }
  auto store = store::Store::open(trouble.empty() ? folder : "");
  if (!store) return std::unexpected(store.error());
  return State{std::move(*store), std::move(trouble)};
}

Expected<std::unique_ptr<mirror::Cache>> open_mirror(const Settings& settings) {
  if (settings.mirror.empty()) return nullptr;
  auto folder = mirror::Folder::take(settings.mirror_folder);
  if (!folder) {
    return fail(fmt::format("--mirror: {}. Name a folder that pixie may write to by --mirror-dir",
                            folder.error().text));
  }
  if (!*folder) {
    return fail(fmt::format("--mirror: {} is another pixie's. Name another folder by --mirror-dir",
                            settings.mirror_folder));
  }
  return mirror::Cache::open(std::move(**folder), {.bytes = settings.mirror_bytes});
}

}  // namespace pixie::app
