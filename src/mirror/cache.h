// What the mirror keeps: which files there are, their use, and who must go when room is needed. The bytes are in a
// Folder.
#pragma once

#include <cstdint>
#include <expected>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "mirror/digest.h"
#include "mirror/entry.h"
#include "mirror/folder.h"
#include "tree/descriptor.h"
#include "wire/error.h"

namespace pixie::mirror {

/// A file on its way. For one thread; it goes before its cache.
class Draft {
 public:
  const Entry& entry() const { return entry_; }
  /// Bytes that have come.
  std::uint64_t size() const { return size_; }
  int number() const { return file_.number(); }
  /// Of the bytes that have come.
  std::string sha256() const { return hash_.hex(); }
  /// The upstream said now that this is its file, good for so many seconds.
  void validated(std::int64_t now, std::uint32_t fresh) {
    entry_.validated = now;
    entry_.fresh = fresh;
  }

 private:
  friend class Cache;
  Draft(Entry entry, tree::Descriptor file) : entry_(std::move(entry)), file_(std::move(file)) {}

  Entry entry_;
  tree::Descriptor file_;
  std::uint64_t size_ = 0;
  /// What the cache counts for it.
  std::uint64_t reserved_ = 0;
  Sha256 hash_;
};

/// May be used from any thread.
class Cache {
 public:
  struct Limits {
    /// Of all files together, as far as the disk has room; 64 MiB of it are left to others.
    std::uint64_t bytes = std::uint64_t{20} << 30;
    std::size_t files = 100'000;
  };

  /// Reads what is in the folder, and removes what the mirror left there and can't use.
  static Expected<std::unique_ptr<Cache>> open(Folder folder, const Limits& limits);

  // For loops: these never wait for others' work on the disk.

  /// The whole file of a URL, and a use of it; null if there is none.
  std::shared_ptr<const Entry> find(const std::string& url);
  /// Its bytes, or an errno. ENOENT: they are not there any more, and it is forgotten.
  std::expected<tree::Descriptor, int> open(const Entry& entry);
  struct Usage {
    std::size_t files = 0;
    std::uint64_t bytes = 0;
    std::uint64_t limit_bytes = 0;
  };
  Usage usage() const;
  /// Whole files and parts, the last used first, at most `limit`.
  std::vector<Folder::Described> list(std::size_t limit) const;
  /// What had to go for others since the last call.
  std::vector<Entry> take_evicted();
  /// SHA-256 by URL. A file that is here, and is that one, goes after all others.
  using Pins = std::map<std::string, std::string>;
  void set_pins(std::shared_ptr<const Pins> pins);

  // These may wait for the disk. There is one draft of a URL at a time.

  /// What is there of an interrupted one.
  std::optional<Entry> part(const std::string& url) const;
  /// Begins a file; of the entry url, size and what the upstream said are used. Space is taken for `size` bytes, and what
  /// there was in part is dropped.
  Expected<Draft> begin(Entry entry);
  /// Goes on with an interrupted one: reads what is there of it, unless a stop is requested.
  Expected<Draft> resume(const Entry& part, const std::stop_token& stop = {});
  Expected<void> append(Draft& draft, std::string_view bytes);
  /// From now on a crash costs nothing of what has come.
  Expected<void> save(Draft& draft);
  /// The file is whole: it is found under its URL, unless it is not to be `kept`. What was there before goes.
  Expected<std::shared_ptr<const Entry>> finish(Draft& draft, bool kept);
  /// It was interrupted. `worth`: what has come may be gone on with.
  void leave(Draft& draft, bool worth);
  /// The upstream said that the file is still so.
  std::shared_ptr<const Entry> renew(const Entry& entry, std::int64_t now, std::uint32_t fresh);
  /// Forgets the file, whole or in part. There is no draft of it.
  void drop(const std::string& url);

 private:
  struct Item {
    std::string url;
    std::shared_ptr<const Entry> whole = {};
    std::optional<Entry> part = {};
    /// There is a draft of it, which has taken so much space. It does not go for others.
    bool drafted = false;
    std::uint64_t reserved = 0;
    std::int64_t used = 0;
    std::int64_t use_noted = 0;
  };
  using Items = std::list<Item>;
  /// What is to be removed from the disk.
  struct Doomed {
    Entry entry;
    bool description;
  };

  Cache(Folder folder, const Limits& limits) : folder_(std::move(folder)), limits_(limits) {}

  static Expected<void> read_again(Draft& draft, const std::stop_token& stop);

  /// Changes the index by `change()`, then removes from the disk what it gave up. The disk's lock is held.
  template <class Change>
  auto change_index(Change change);

  // Within change_index().
  Item& item_of(const std::string& url);
  Expected<void> reserve(Item& item, std::uint64_t bytes, std::uint64_t free);
  Expected<void> make_room(std::uint64_t more, std::uint64_t former, std::uint64_t free);
  bool is_pinned(const Item& item) const;
  void evict(Item& item);
  void set_whole(Item& item, std::shared_ptr<const Entry> whole);
  void set_part(Item& item, std::optional<Entry> part);
  void end_draft(Item& item);
  void forget_if_empty(const std::string& url);

  bool use(Items::iterator item, std::int64_t now);
  Items::iterator find_whole(const Entry& entry);

  const Folder folder_;
  const Limits limits_;

  /// Of those who change files; the index's lock is taken inside it, for moments.
  mutable std::mutex disk_mutex_;
  mutable std::mutex index_mutex_;
  /// The last used first.
  Items items_;
  std::unordered_map<std::string, Items::iterator> by_url_;
  std::uint64_t bytes_ = 0;
  std::shared_ptr<const Pins> pins_ = std::make_shared<const Pins>();
  std::vector<Entry> evicted_;
  std::vector<Doomed> doomed_;
};

}  // namespace pixie::mirror
