// A folder whose files are served. Every path is opened beneath it by the kernel (openat2 with
// RESOLVE_BENEATH), so no name and no symbolic link can lead out of it.
#pragma once

#include <sys/stat.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "tree/descriptor.h"
#include "wire/error.h"

namespace pixie::tree {

struct Opened {
  Descriptor file;
  struct stat status;

  bool is_folder() const { return S_ISDIR(status.st_mode); }
};

struct Entry {
  std::string name;
  bool folder;
  /// Nothing for what is made for each client.
  std::optional<std::uint64_t> size;
  std::time_t modified;
};

/// Not shared between threads.
class Folder {
 public:
  /// `path` may be replaced on disk (by another folder, or a symbolic link that is switched): the
  /// new one is served within a second.
  explicit Folder(std::string path) : path_(std::move(path)) {}

  const std::string& path() const { return path_; }

  /// Opens the regular file or folder at `relative` (no leading slash; empty: the folder itself).
  /// The error is an errno: ENOENT, EACCES, EXDEV or ELOOP for a link that leads out, EINVAL for
  /// what is neither file nor folder (a device, a pipe).
  std::expected<Opened, int> open(const std::string& relative);

 private:
  std::expected<int, int> base();

  std::string path_;
  Descriptor base_;
  std::chrono::steady_clock::time_point base_opened_{};
};

/// Of a listing.
inline constexpr std::size_t entry_limit = 10'000;
/// What is in an opened folder, at most `entry_limit`, without names that begin with a dot.
std::vector<Entry> entries(const Opened& folder);

}  // namespace pixie::tree
