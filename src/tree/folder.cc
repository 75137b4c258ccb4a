#include "tree/folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>

#include <cerrno>
#include <memory>

namespace pixie::tree {
namespace {

int open_beneath(int base, const char* relative) {
  // O_NONBLOCK: opening a pipe without a writer must not hang the loop.
  const open_how how{.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
                     .mode = 0,
                     .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
  // A rename anywhere on the system may disturb the look-up of a path with `..` in a link (openat2(2)).
  int opened = -1;
  for (int attempt = 0; attempt < 8 && opened < 0; ++attempt) {
    opened = static_cast<int>(syscall(SYS_openat2, base, relative, &how, sizeof how));
    if (opened < 0 && errno != EAGAIN) break;
  }
  return opened;
}

}  // namespace

std::expected<int, int> Folder::base() {
  const auto now = std::chrono::steady_clock::now();
  if (!base_ || now - base_opened_ > std::chrono::seconds(1)) {
    Descriptor opened(::open(path_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!opened) return std::unexpected(errno);
    base_ = std::move(opened);
    base_opened_ = now;
  }
  return base_.number();
}

std::expected<Opened, int> Folder::open(const std::string& relative) {
  const auto beneath = base();
  if (!beneath) return std::unexpected(beneath.error());
  Opened opened{
      .file = Descriptor(open_beneath(*beneath, relative.empty() ? "." : relative.c_str())),
      .status = {}};
  if (!opened.file) return std::unexpected(errno);
  if (fstat(opened.file.number(), &opened.status) != 0) return std::unexpected(errno);
  if (!S_ISREG(opened.status.st_mode) && !opened.is_folder()) return std::unexpected(EINVAL);
  return opened;
}

std::vector<Entry> entries(const Opened& folder) {
  // fdopendir owns the descriptor that it gets.
  const std::unique_ptr<DIR, decltype([](DIR* stream) { closedir(stream); })> stream(
      fdopendir(openat(folder.file.number(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)));
  std::vector<Entry> found;
  if (!stream) return found;
  while (found.size() < entry_limit) {
    const dirent* item = readdir(stream.get());
    if (!item) break;
    const std::string name = item->d_name;
    struct stat status;
    if (name.starts_with('.') || fstatat(folder.file.number(), name.c_str(), &status, 0) != 0)
      continue;
    if (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)) continue;
    found.push_back({.name = name,
                     .folder = S_ISDIR(status.st_mode),
                     .size = static_cast<std::uint64_t>(status.st_size),
                     .modified = status.st_mtime});
  }
  return found;
}

}  // namespace pixie::tree
