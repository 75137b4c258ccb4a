// The files that are read again on SIGHUP, although the sandbox shows pixie no file that an editor put in the place of
// another: a process of its own reads them, outside of it, and can do nothing else.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "tree/descriptor.h"
#include "wire/error.h"

namespace pixie::app {

class FileReader {
 public:
  /// Largest file that is read.
  static constexpr std::size_t limit_bytes = 1 << 20;

  /// This process itself reads.
  FileReader() = default;
  /// Starts a process that reads these files alone; it ends with this object. Call it before any thread is started,
  /// without privileges, with no_new_privs set.
  static Expected<FileReader> start(std::vector<std::string> files);

  /// The whole content; the error is of errno, EFBIG if it is beyond the limit. One of those that start() was given.
  std::expected<std::string, int> read(const std::string& path) const;

 private:
  std::vector<std::string> files_;
  /// To the other process; none if there is none.
  tree::Descriptor socket_;
};

/// Of the error of read(), a person's words.
std::string why_unread(int error);

}  // namespace pixie::app
