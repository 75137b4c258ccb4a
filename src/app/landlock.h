// Landlock: which files a process may still use, by the folders that hold them (landlock(7), and the kernel's
// Documentation/userspace-api/landlock.rst).
#pragma once

#include <span>
#include <string>

#include "wire/error.h"

namespace pixie::app {

/// A file, or a folder with all that is in it, now or later. What replaces it under its name is not meant.
struct FileRule {
  std::string path;
  bool writable = false;
};

/// From now on the calling thread, and those that it starts, use no file but those of the rules, run no program, listen
/// on no further TCP port, and connect by TCP only if `connects`; files that are open stay so. Paths that aren't there
/// are passed over. Needs no_new_privs. Returns the kernel's version of Landlock, of which the early ones know nothing
/// of TCP (below 4); the error says why there is none.
Expected<int> confine_to_files(std::span<const FileRule> rules, bool connects);

}  // namespace pixie::app
