// The mirror's folder on disk:
//
//   lock             taken by the one process that changes what follows
//   KEY.whole        the description of a whole file (mirror/entry.h)
//   KEY.part         of one that is fetched, or whose fetching was interrupted
//   KEY.DATA         bytes; a description's `data` line says which are its own
//
// KEY is the first half of the URL's SHA-256. A description appears under its name only when the bytes that it speaks of
// are on the disk, and both are brought there by fsync: whatever moment a crash chooses, no part is taken for a whole.
// A description's time of modification is when the file was last used.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mirror/entry.h"
#include "tree/descriptor.h"
#include "wire/error.h"

namespace pixie::mirror {

/// Its functions may be called from any thread; what concerns one URL, by one at a time. All may wait for the disk.
class Folder {
 public:
  struct Described {
    Entry entry;
    /// Seconds since 1970.
    std::int64_t used = 0;
  };

  /// For those who only look: nothing is made or locked.
  explicit Folder(std::string path) : path_(std::move(path)) {}
  /// Makes the folder, if it is not there, and takes it. Nothing: another process has it.
  static Expected<std::optional<Folder>> take(const std::string& path);

  /// What has its bytes; the last used first. Descriptions that are damaged, or whose bytes are not there or are those of
  /// a whole file already, are passed over.
  Expected<std::vector<Described>> read() const;
  /// Removes every file that has a name of the mirror's own, and is none of these.
  void keep_only(const std::vector<Described>& known) const;

  /// A new, empty file; its name goes into `entry.data`.
  Expected<tree::Descriptor> make_data(Entry& entry) const;
  /// Nothing, with errno set, if it can't be opened.
  std::optional<tree::Descriptor> open_data(const Entry& entry, bool writable) const;
  void remove_data(const Entry& entry) const;

  /// Replaces the description as a whole. The bytes must be safe already.
  Expected<void> describe(const Entry& entry) const;
  void remove_description(const Entry& entry) const;
  void note_use(const Entry& entry, std::int64_t when) const;

  /// Bytes that the disk has room for.
  std::uint64_t free_bytes() const;

 private:
  Expected<void> replace(const std::string& name, std::string_view content) const;
  std::string file(std::string_view name) const;

  std::string path_;
  tree::Descriptor lock_;
};

}  // namespace pixie::mirror
