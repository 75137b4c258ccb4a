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

/// Made if it is not there, and given to the user that pixie will be.
void make_folder(const Settings& settings, const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  std::filesystem::permissions(folder, std::filesystem::perms::owner_all, error);
  const auto user = user_to_become(settings);
  if (!user) return;
  std::ignore = chown(folder.c_str(), user->uid, user->gid);
  // What another user's pixie left in it.
  for (const auto& file : std::filesystem::directory_iterator(folder, error))
    std::ignore = lchown(file.path().c_str(), user->uid, user->gid);
}

}  // namespace

std::string kept_indexes_folder(const Settings& settings) { return settings.state + "/images"; }

void make_state_folder(const Settings& settings) {
  make_folder(settings, store_folder(settings));
  make_folder(settings, kept_indexes_folder(settings));
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

}  // namespace pixie::app
