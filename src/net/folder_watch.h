// Tells when something in a folder, or in the folders below it, changed.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "tree/descriptor.h"

namespace pixie::net {

/// One thread waits; stop() and poke() may be called from any.
class FolderWatch {
 public:
  /// By inotify (inotify(7)): changes that another machine makes on a network file system are not seen. The folder
  /// itself may be replaced, by a symbolic link that is switched, say: that is noticed within a second. Folders whose
  /// names begin with a dot are not watched, nor more than 2,000; nor what is below a folder for which `enters` is
  /// false (it gets the path relative to `folder`, on the waiting thread).
  explicit FolderWatch(std::string folder, std::function<bool(std::string_view)> enters = {});

  enum class News : std::uint8_t { changed, nothing, stopped };
  using TimePoint = std::chrono::steady_clock::time_point;
  /// Waits for a change, and then until nothing more changes for 100 ms, or for a second; but not longer than `until`,
  /// unless there was a change.
  News wait(TimePoint until = TimePoint::max());
  /// Lets wait() return as if something had changed.
  void poke();
  void stop();

 private:
  void watch_all();
  bool replaced();
  bool drain();

  const std::string folder_;
  const std::function<bool(std::string_view)> enters_;
  tree::Descriptor inotify_;
  tree::Descriptor alarm_;
  std::pair<dev_t, ino_t> watched_{};
};

}  // namespace pixie::net
