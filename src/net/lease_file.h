// The file that keeps leases across restarts: a journal that lines are appended to, replaced by a snapshot now and
// then. What was appended survives the end of the process in any way; a power failure may lose the last seconds,
// which the check for addresses in use makes harmless.
#pragma once

#include <chrono>
#include <functional>
#include <future>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "net/timer_wheel.h"
#include "tree/descriptor.h"
#include "wire/error.h"

namespace pixie::net {

/// The wall clock in seconds, as leases count.
inline std::chrono::sys_seconds system_now() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

class LeaseFile {
 public:
  /// Opens the file in the folder, both made if they are missing, and locks it. Fails with a sentence that says what
  /// to do, also if another process has it.
  static Expected<LeaseFile> open(const std::string& folder, std::string_view name);

  const std::string& path() const { return path_; }
  /// All that is in it; an error if it can't be read, or is larger than 1 GB.
  Expected<std::string> read() const;
  /// False: it can't be written (errno); nothing was acknowledged then.
  bool append(std::string_view lines) const;
  /// Replaces the content, in one step for whoever reads. Waits for the disk.
  bool replace(std::string_view content);
  /// Appends. Where replacing pays, and once a minute at most, a new file is begun with the snapshot, which has the
  /// lines in it; a later call puts it in the place of this one, once another thread has brought it to the disk: that
  /// may take seconds. A folder that belongs to somebody else takes no new file; the old one goes on growing then.
  /// False: as append().
  bool keep(std::string_view lines, bool replacing_pays,
            const std::function<std::string()>& snapshot);
  /// The file will belong to this user, and its folder if it was made.
  void give_to(unsigned user, unsigned group) const;

 private:
  LeaseFile(std::string folder, std::string path, tree::Descriptor file, bool made_folder)
      : folder_(std::move(folder)),
        path_(std::move(path)),
        file_(std::move(file)),
        made_folder_(made_folder) {}

  /// What is to take the file's place.
  struct Successor {
    tree::Descriptor file;
    /// What was appended since it was begun.
    std::string since;
    /// Whether what it was begun with is on the disk. Waits for that when it is destroyed.
    std::future<bool> on_disk;
  };

  std::string beside() const { return path_ + ".new"; }
  tree::Descriptor write_beside(std::string_view content) const;
  bool take_place(tree::Descriptor file);
  void unlink_beside() const;
  void follow_up();

  std::string folder_;
  std::string path_;
  tree::Descriptor file_;
  std::optional<Successor> successor_;
  bool made_folder_;
  TimePoint may_replace_at_{};
};

}  // namespace pixie::net
