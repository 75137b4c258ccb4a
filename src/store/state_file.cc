#include "store/state_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <utility>

#include <fmt/format.h>

#include "store/schema.h"
#include "store/store.h"

namespace pixie::store {
namespace {

/// Every page of a file up to this size is checked before it is used: some tenths of a second.
constexpr std::uintmax_t checked_size = 64 << 20;

/// `file:` URI (RFC 3986) of a path.
std::string uri_of(const std::string& path, std::string_view parameters) {
  std::string uri = "file:";
  for (const char c : std::filesystem::absolute(path).string()) {
    if (c == '%' || c == '?' || c == '#') {
      fmt::format_to(std::back_inserter(uri), "%{:02X}", static_cast<unsigned char>(c));
    } else {
      uri += c;
    }
  }
  return uri.append(parameters);
}

/// 0 if there is no such file.
std::uintmax_t size_of(const std::string& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  return error ? 0 : size;
}

std::uint32_t big_endian(const char* bytes) {
  std::uint32_t number = 0;
  for (int i = 0; i < 4; ++i) number = number << 8 | static_cast<unsigned char>(bytes[i]);
  return number;
}

std::unexpected<Error> newer(const std::string& path) {
  return pixie::fail(fmt::format(
      "{} was written by a newer pixie. Use that one, or name another folder with --state", path));
}

/// What the first hundred bytes tell (https://sqlite.org/fileformat.html, section 1.3).
Expected<void> check_header(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return pixie::fail(fmt::format("{} can't be read: {}", path, std::strerror(errno)));
  }
  std::array<char, 100> header{};
  file.read(header.data(), header.size());
  constexpr std::string_view magic("SQLite format 3\0", 16);
  if (file.gcount() != std::ssize(header) || std::string_view(header.data(), 16) != magic ||
      big_endian(&header[68]) != application_id) {
    return pixie::fail(fmt::format(
        "{} is no store of pixie's, or its beginning is damaged. Move it away, or name another "
        "folder with --state",
        path));
  }
  if (big_endian(&header[60]) > static_cast<std::uint32_t>(schema_version)) return newer(path);
  return {};
}

/// Looks at the whole of it without changing a byte.
Expected<void> check_content(const std::string& path) {
  // Without a write-ahead log nothing must be made beside it, as reading alone would.
  const auto log_size = size_of(path + "-wal");
  const auto database = Database::open(uri_of(path, log_size > 0 ? "?mode=ro" : "?immutable=1"),
                                       SQLITE_OPEN_READONLY, path);
  if (!database) return std::unexpected(database.error());
  auto& file = **database;
  if (file.number("PRAGMA user_version") > schema_version) return newer(path);
  if (size_of(path) + log_size <= checked_size) {
    auto check = file.query("PRAGMA quick_check(1)");
    if (check.next() && check.text(0) != "ok") {
      file.fail(fmt::format(
          "the file is damaged ({}): put a copy of it back, or move it away to begin anew",
          check.text(0)));
    }
  }
  return file.result();
}

/// Makes the file in one step: a process that ends in the middle leaves none.
Expected<void> make(const std::string& folder, const std::string& path) {
  const auto beside = path + ".new";
  for (const auto* end : {"", "-journal", "-wal", "-shm"}) unlink((beside + end).c_str());
  // It holds a secret: for its owner alone.
  const int file = ::open(beside.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) {
    return pixie::fail(
        fmt::format("--state: {} can't be made: {}. Name a folder that pixie may write to", path,
                    std::strerror(errno)));
  }
  close(file);
  {
    const auto database = Database::open(uri_of(beside, ""), SQLITE_OPEN_READWRITE, path);
    if (!database) return std::unexpected(database.error());
    (*database)->execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
    migrate(**database);
    if (auto made = (*database)->result(); !made) return made;
  }
  const int directory = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool named =
      directory >= 0 && rename(beside.c_str(), path.c_str()) == 0 && fsync(directory) == 0;
  const int reason = errno;
  if (directory >= 0) close(directory);
  if (named) return {};
  return pixie::fail(fmt::format("{} can't be made: {}", path, std::strerror(reason)));
}

}  // namespace

FolderLock::FolderLock(FolderLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}

FolderLock::~FolderLock() {
  if (file_ >= 0) close(file_);
}

Expected<FolderLock> FolderLock::take(const std::string& folder) {
  // A file of its own: SQLite's locks on pixie.db would end with any other descriptor of it.
  const auto path = folder + "/pixie.lock";
  FolderLock lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (lock.file_ < 0) {
    return pixie::fail(
        fmt::format("--state: {} can't be opened: {}. Name a folder that pixie may write to", path,
                    std::strerror(errno)));
  }
  if (flock(lock.file_, LOCK_EX | LOCK_NB) != 0) {
    return pixie::fail(fmt::format(
        "--state: another pixie keeps its machines in {}. Stop it, or name another folder",
        folder));
  }
  return lock;
}

bool is_taken(const std::string& folder) { return !FolderLock::take(folder); }

Expected<std::unique_ptr<Database>> open_state_file(const std::string& folder) {
  const auto path = folder + "/pixie.db";
  std::error_code error;
  const bool there = std::filesystem::exists(std::filesystem::symlink_status(path, error));
  auto ready = there ? check_header(path) : make(folder, path);
  if (ready) ready = check_content(path);
  if (!ready) return std::unexpected(ready.error());

  auto database = Database::open(uri_of(path, ""), SQLITE_OPEN_READWRITE, path);
  if (!database) return database;
  (*database)->execute(
      "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
  migrate(**database);
  if (auto opened = (*database)->result(); !opened) return std::unexpected(opened.error());
  return database;
}

}  // namespace pixie::store
