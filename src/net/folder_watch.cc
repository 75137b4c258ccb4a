#include "net/folder_watch.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <system_error>

namespace pixie::net {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr auto look_time = milliseconds(1000);
constexpr auto quiet_time = milliseconds(100);
constexpr auto longest_unrest = milliseconds(1000);
constexpr std::size_t most_folders = 2000;
constexpr eventfd_t poked = 1;
constexpr eventfd_t stopped = 1 << 20;
constexpr std::uint32_t changes = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM |
                                  IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ATTRIB;

/// How long to wait for the next look: until then, rounded up, but for a look_time at most.
milliseconds look_until(FolderWatch::TimePoint until) {
  const auto now = steady_clock::now();
  // What is far away must not overflow.
  if (until > now + look_time) return look_time;
  return std::max(milliseconds(0), std::chrono::ceil<milliseconds>(until - now));
}

}  // namespace

FolderWatch::FolderWatch(std::string folder, std::function<bool(std::string_view)> enters)
    : folder_(std::move(folder)),
      enters_(std::move(enters)),
      inotify_(inotify_init1(IN_CLOEXEC | IN_NONBLOCK)),
      alarm_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  replaced();
  watch_all();
}

void FolderWatch::poke() { eventfd_write(alarm_.number(), poked); }

void FolderWatch::stop() { eventfd_write(alarm_.number(), stopped); }

/// Watching a folder again changes nothing (inotify_add_watch(2)).
void FolderWatch::watch_all() {
  inotify_add_watch(inotify_.number(), folder_.c_str(), changes);
  std::error_code error;
  std::size_t count = 0;
  for (fs::recursive_directory_iterator each(folder_, fs::directory_options::skip_permission_denied,
                                             error);
       !error && each != fs::recursive_directory_iterator() && count < most_folders;
       each.increment(error)) {
    if (!each->is_directory(error)) continue;
    if (each->path().filename().native().starts_with('.')) {
      each.disable_recursion_pending();
      continue;
    }
    inotify_add_watch(inotify_.number(), each->path().c_str(), changes | IN_ONLYDIR);
    ++count;
    const auto relative = each->path().lexically_relative(folder_);
    if (enters_ && !enters_(relative.native())) each.disable_recursion_pending();
  }
}

/// Whether the name stands for another folder than before.
bool FolderWatch::replaced() {
  struct stat status{};
  if (stat(folder_.c_str(), &status) != 0) status = {};
  const std::pair<dev_t, ino_t> now(status.st_dev, status.st_ino);
  return std::exchange(watched_, now) != now;
}

/// False: there was nothing.
bool FolderWatch::drain() {
  alignas(inotify_event) std::array<char, 16 * 1024> events;
  bool any = false;
  while (read(inotify_.number(), events.data(), events.size()) > 0) any = true;
  return any;
}

FolderWatch::News FolderWatch::wait(TimePoint until) {
  std::array<pollfd, 2> waiting{pollfd{inotify_.number(), POLLIN, 0},
                                pollfd{alarm_.number(), POLLIN, 0}};
  auto unrest_since = TimePoint();
  for (bool changed = false;;) {
    const auto time = changed ? quiet_time : look_until(until);
    const int ready = poll(waiting.data(), waiting.size(), static_cast<int>(time.count()));
    eventfd_t rings = 0;
    if (ready > 0 && eventfd_read(alarm_.number(), &rings) == 0 && rings >= stopped)
      return News::stopped;
    const bool news = drain() || rings > 0 || replaced();
    if (news && !changed) unrest_since = steady_clock::now();
    changed |= news;
    if (!changed && steady_clock::now() >= until) return News::nothing;
    if (!changed) continue;
    if (!news || steady_clock::now() - unrest_since > longest_unrest) {
      watch_all();
      return News::changed;
    }
  }
}

}  // namespace pixie::net
