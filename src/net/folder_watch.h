// Tells when something in a folder, or in the folders below it, changed.
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>

#include "tree/descriptor.h"

namespace pixie::net {

/// One thread waits; stop() and poke() may be called from any.
class FolderWatch {
 public:
  /// By inotify (inotify(7)): changes that another machine makes on a network file system are not seen. The folder
  /// itself may be replaced, by a symbolic link that is switched, say: that is noticed within a second. Folders whose
  /// names begin with a dot are not watched, nor more than 2,000.
  explicit FolderWatch(std::string folder);

  /// Waits for a change, and then until nothing more changes for 100 ms, or for a second. False: it was stopped.
  bool wait();
  /// Lets wait() return as if something had changed.
  void poke();
  void stop();

 private:
  void watch_all();
  bool replaced();
  bool drain();

  const std::string folder_;
  tree::Descriptor inotify_;
  tree::Descriptor alarm_;
  std::pair<dev_t, ino_t> watched_{};
};

}  // namespace pixie::net
