// The file pixie.db in a state folder: who may have it, whether it is one that this pixie understands, and how it
// begins. A file is looked at, read-only, before anything may change it.
#pragma once

#include <memory>
#include <string>

#include "store/sqlite.h"
#include "wire/error.h"

namespace pixie::store {

/// The folder is one process's as long as this lives, or the process.
class FolderLock {
 public:
  static Expected<FolderLock> take(const std::string& folder);
  FolderLock(FolderLock&& other) noexcept;
  FolderLock& operator=(FolderLock&&) = delete;
  ~FolderLock();

 private:
  explicit FolderLock(int file) : file_(file) {}
  int file_;
};

/// Opens the folder's file for writing, today's schema in it, or makes it. The folder must be locked. Refused, and
/// left as they are: what is no store of pixie's, what a newer pixie wrote, what is damaged.
Expected<std::unique_ptr<Database>> open_state_file(const std::string& folder);

}  // namespace pixie::store
