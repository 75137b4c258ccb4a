#include "net/lease_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <tuple>

#include <fmt/format.h>

namespace pixie::net {
namespace {

constexpr std::size_t size_limit = 1 << 30;
constexpr int flags = O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW;
constexpr mode_t mode = 0644;

bool write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const auto written = write(file, text.data(), text.size());
    if (written < 0 && errno != EINTR) return false;
    if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

/// By another thread.
std::future<bool> brought_to_disk(int file) try {
  return std::async(std::launch::async, [file] { return fsync(file) == 0; });
} catch (const std::system_error&) {
  std::promise<bool> no_thread;
  no_thread.set_value(false);
  return no_thread.get_future();
}

}  // namespace

Expected<LeaseFile> LeaseFile::open(const std::string& folder, std::string_view name) {
  std::error_code error;
  const bool made = std::filesystem::create_directories(folder, error);
  const auto path = fmt::format("{}/{}", folder, name);
  tree::Descriptor file(::open(path.c_str(), flags, mode));
  if (!file) {
    return fail(
        fmt::format("--state: {} can't be opened: {}. Name a folder that pixie may write to", path,
                    std::strerror(error ? error.value() : errno)));
  }
  if (flock(file.number(), LOCK_EX | LOCK_NB) != 0) {
    return fail(fmt::format(
        "--state: another process keeps its leases in {}. Stop it, or name another folder", path));
  }
  return LeaseFile(folder, path, std::move(file), made);
}

Expected<std::string> LeaseFile::read() const {
  std::string text;
  std::string part(1 << 16, '\0');
  for (;;) {
    const auto count =
        pread(file_.number(), part.data(), part.size(), static_cast<off_t>(text.size()));
    if (count < 0) return fail(fmt::format("{} can't be read: {}", path_, std::strerror(errno)));
    if (count == 0) return text;
    text.append(part, 0, static_cast<std::size_t>(count));
    if (text.size() > size_limit) return fail(fmt::format("{} is larger than 1 GB", path_));
  }
}

bool LeaseFile::append(std::string_view lines) const {
  struct stat before;
  if (fstat(file_.number(), &before) != 0) return false;
  if (write_all(file_.number(), lines)) return true;
  // No half line may stand before those that come later.
  const int reason = errno;
  if (ftruncate(file_.number(), before.st_size) != 0) return false;
  errno = reason;
  return false;
}

/// A new file with that content, which may not be on the disk yet; empty: there can be none.
tree::Descriptor LeaseFile::write_beside(std::string_view content) const {
  tree::Descriptor file(::open(beside().c_str(), flags | O_TRUNC, mode));
  if (!file || flock(file.number(), LOCK_EX | LOCK_NB) != 0) return {};
  if (write_all(file.number(), content)) return file;
  unlink_beside();
  return {};
}

bool LeaseFile::take_place(tree::Descriptor file) {
  if (rename(beside().c_str(), path_.c_str()) != 0) return false;
  file_ = std::move(file);
  return true;
}

/// It would keep room on a full disk. Leaves errno as it is.
void LeaseFile::unlink_beside() const {
  const int reason = errno;
  unlink(beside().c_str());
  errno = reason;
}

bool LeaseFile::replace(std::string_view content) {
  auto file = write_beside(content);
  if (!file) return false;
  if (fsync(file.number()) == 0 && take_place(std::move(file))) return true;
  unlink_beside();
  return false;
}

bool LeaseFile::keep(std::string_view lines, bool replacing_pays,
                     const std::function<std::string()>& snapshot) {
  constexpr auto pause = std::chrono::minutes(1);
  if (successor_) follow_up();
  if (!append(lines)) return false;
  const auto now = Clock::now();
  if (successor_) {
    successor_->since += lines;
  } else if (replacing_pays && now >= may_replace_at_) {
    may_replace_at_ = now + pause;
    if (auto file = write_beside(snapshot())) {
      const int number = file.number();
      successor_ = {.file = std::move(file), .since = {}, .on_disk = brought_to_disk(number)};
    }
  }
  return true;
}

/// Puts the successor into this file's place if it is ready. Without success this file stays, which has all that the
/// other one has.
void LeaseFile::follow_up() {
  auto& [file, since, on_disk] = *successor_;
  if (on_disk.wait_for(std::chrono::seconds(0)) != std::future_status::ready) return;
  if (!on_disk.get() || !write_all(file.number(), since) || !take_place(std::move(file)))
    unlink_beside();
  successor_.reset();
}

void LeaseFile::give_to(unsigned user, unsigned group) const {
  // Who may not give it away owns it already.
  if (fchown(file_.number(), user, group) != 0 || !made_folder_) return;
  std::ignore = chown(folder_.c_str(), user, group);
}

}  // namespace pixie::net
