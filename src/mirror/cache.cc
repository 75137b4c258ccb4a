#include "mirror/cache.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <ranges>
#include <tuple>
#include <utility>

#include <fmt/format.h>

namespace pixie::mirror {
namespace {

/// How much space is taken at a time for a file of unknown size.
constexpr std::uint64_t space_step = 16 << 20;
/// Of the disk, for others.
constexpr std::uint64_t disk_reserve = 64 << 20;
constexpr std::size_t copy_bytes = 256 * 1024;
constexpr std::size_t evicted_limit = 1000;
constexpr std::int64_t note_use_after_seconds = 300;

/// What a file takes of the disk, with its description.
std::uint64_t cost(std::uint64_t size) {
  constexpr std::uint64_t block = 4096;
  return (size + block - 1) / block * block + block;
}

std::unexpected<Error> disk_error(const char* what) {
  return fail(fmt::format("the mirror's disk: {}: {}", what, std::strerror(errno)));
}

}  // namespace

template <class Change>
auto Cache::change_index(Change change) {
  std::vector<Doomed> doomed;
  const auto changed = [&] {
    const std::lock_guard lock(index_mutex_);
    auto result = change();
    doomed = std::exchange(doomed_, {});
    return result;
  };
  auto result = changed();
  for (const auto& [entry, description] : doomed) {
    if (description) folder_.remove_description(entry);
    folder_.remove_data(entry);
  }
  return result;
}

Expected<std::unique_ptr<Cache>> Cache::open(Folder folder, const Limits& limits) {
  auto found = folder.read();
  if (!found) return std::unexpected(found.error());
  folder.keep_only(*found);
  std::unique_ptr<Cache> cache(new Cache(std::move(folder), limits));
  const std::lock_guard lock(cache->disk_mutex_);
  const auto free = cache->folder_.free_bytes();
  // The limit may be a smaller one than before.
  const auto fits = cache->change_index([&] {
    for (auto& [entry, used] : std::ranges::reverse_view(*found)) {
      auto& item = cache->item_of(entry.url);
      item.used = item.use_noted = used;
      if (entry.whole()) {
        cache->set_whole(item, std::make_shared<const Entry>(std::move(entry)));
      } else {
        cache->set_part(item, std::move(entry));
      }
    }
    return cache->make_room(0, 0, free);
  });
  if (!fits) return std::unexpected(fits.error());
  return cache;
}

std::shared_ptr<const Entry> Cache::find(const std::string& url) {
  const auto now = std::time(nullptr);
  std::unique_lock lock(index_mutex_);
  const auto found = by_url_.find(url);
  if (found == by_url_.end() || !found->second->whole) return nullptr;
  auto whole = found->second->whole;
  const bool note = use(found->second, now);
  lock.unlock();
  if (note) folder_.note_use(*whole, now);
  return whole;
}

std::expected<tree::Descriptor, int> Cache::open(const Entry& entry) {
  auto file = folder_.open_data(entry, false);
  if (file) return std::move(*file);
  const int error = errno;
  if (error != ENOENT) return std::unexpected(error);
  const std::lock_guard lock(index_mutex_);
  if (const auto item = find_whole(entry); item != items_.end()) {
    bytes_ -= cost(entry.size);
    item->whole = nullptr;
    forget_if_empty(entry.url);
  }
  return std::unexpected(error);
}

Cache::Usage Cache::usage() const {
  const std::lock_guard lock(index_mutex_);
  return {.files = items_.size(), .bytes = bytes_, .limit_bytes = limits_.bytes};
}

std::vector<Folder::Described> Cache::list(std::size_t limit) const {
  std::vector<Folder::Described> found;
  const std::lock_guard lock(index_mutex_);
  for (const auto& item : items_) {
    if (item.whole && found.size() < limit) found.push_back({*item.whole, item.used});
    if (item.part && found.size() < limit) found.push_back({*item.part, item.used});
  }
  return found;
}

std::vector<Entry> Cache::take_evicted() {
  const std::lock_guard lock(index_mutex_);
  return std::exchange(evicted_, {});
}

void Cache::set_pins(std::shared_ptr<const Pins> pins) {
  const std::lock_guard lock(index_mutex_);
  pins_ = std::move(pins);
}

std::optional<Entry> Cache::part(const std::string& url) const {
  const std::lock_guard lock(index_mutex_);
  const auto found = by_url_.find(url);
  return found == by_url_.end() ? std::nullopt : found->second->part;
}

Expected<Draft> Cache::begin(Entry entry) {
  if (entry.size > size_limit_bytes)
    return fail(fmt::format("no file can have {} bytes", entry.size));
  const std::lock_guard lock(disk_mutex_);
  const auto free = folder_.free_bytes();
  entry.have = 0;
  entry.sha256.clear();
  const auto end = [&] {
    auto& item = item_of(entry.url);
    end_draft(item);
    return true;
  };
  const auto reserved = change_index([&] {
    auto& item = item_of(entry.url);
    item.drafted = true;
    set_part(item, std::nullopt);
    return reserve(item, cost(entry.size), free);
  });
  auto file = reserved ? folder_.make_data(entry) : std::unexpected(reserved.error());
  if (!file) {
    change_index(end);
    return std::unexpected(file.error());
  }
  // Where a file system can't, the disk is taken as the bytes come.
  if (entry.size > 0)
    fallocate(file->number(), FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(entry.size));
  Draft draft(std::move(entry), std::move(*file));
  draft.reserved_ = cost(draft.entry_.size);
  return draft;
}

/// What is there of it, for its hash.
Expected<void> Cache::read_again(Draft& draft, const std::stop_token& stop) {
  const auto have = draft.entry_.have;
  std::vector<char> buffer(copy_bytes);
  while (draft.size_ < have) {
    if (stop.stop_requested()) return fail("called off");
    const auto wanted = std::min<std::uint64_t>(buffer.size(), have - draft.size_);
    const auto count =
        pread(draft.number(), buffer.data(), wanted, static_cast<off_t>(draft.size_));
    if (count <= 0) return disk_error("a part can't be read");
    draft.hash_.add({buffer.data(), static_cast<std::size_t>(count)});
    draft.size_ += static_cast<std::uint64_t>(count);
  }
  return {};
}

Expected<Draft> Cache::resume(const Entry& part, const std::stop_token& stop) {
  auto file = folder_.open_data(part, true);
  if (!file) return disk_error("a part can't be opened");
  if (ftruncate(file->number(), static_cast<off_t>(part.have)) != 0)
    return disk_error("a part can't be cut");
  Draft draft(part, std::move(*file));
  if (auto done = read_again(draft, stop); !done) return std::unexpected(done.error());
  const std::lock_guard lock(disk_mutex_);
  const auto free = folder_.free_bytes();
  const auto reserved = change_index([&]() -> Expected<void> {
    auto& item = item_of(part.url);
    if (!item.part || item.part->data != part.data) {
      forget_if_empty(part.url);
      return fail("the part is not there any more");
    }
    item.drafted = true;
    // What it counts, it counts as the draft from now on.
    item.reserved = cost(item.part->have);
    auto done = reserve(item, cost(part.size), free);
    if (done) {
      item.part.reset();
    } else {
      item.reserved = 0;
      end_draft(item);
    }
    return done;
  });
  if (!reserved) return std::unexpected(reserved.error());
  draft.reserved_ = cost(part.size);
  return draft;
}

Expected<void> Cache::append(Draft& draft, std::string_view bytes) {
  if (cost(draft.size_ + bytes.size()) > draft.reserved_) {
    const auto wanted = cost(draft.size_ + bytes.size() + space_step);
    const std::lock_guard lock(disk_mutex_);
    const auto free = folder_.free_bytes();
    auto room = change_index([&] { return reserve(item_of(draft.entry_.url), wanted, free); });
    if (!room) return room;
    draft.reserved_ = wanted;
  }
  while (!bytes.empty()) {
    const auto count =
        pwrite(draft.number(), bytes.data(), bytes.size(), static_cast<off_t>(draft.size_));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return disk_error("a file can't be written");
    const auto written = static_cast<std::size_t>(count);
    draft.hash_.add(bytes.substr(0, written));
    draft.size_ += written;
    bytes.remove_prefix(written);
  }
  return {};
}

Expected<void> Cache::save(Draft& draft) {
  if (fdatasync(draft.number()) != 0) return disk_error("a file can't be written");
  draft.entry_.have = draft.size_;
  return folder_.describe(draft.entry_);
}

Expected<std::shared_ptr<const Entry>> Cache::finish(Draft& draft, bool kept) {
  const auto part = draft.entry_;
  auto entry = draft.entry_;
  entry.size = entry.have = draft.size_;
  entry.sha256 = draft.hash_.hex();
  auto whole = std::make_shared<const Entry>(std::move(entry));
  if (kept && fsync(draft.number()) != 0) return disk_error("a file can't be written");
  const std::lock_guard lock(disk_mutex_);
  if (kept) {
    if (auto described = folder_.describe(*whole); !described)
      return std::unexpected(described.error());
  }
  folder_.remove_description(part);
  if (!kept) folder_.remove_data(part);
  return change_index([&] {
    auto& item = item_of(part.url);
    if (kept) set_whole(item, whole);
    end_draft(item);
    return whole;
  });
}

void Cache::leave(Draft& draft, bool worth) {
  const bool kept = worth && draft.size_ > 0 && !draft.entry_.validator().empty() && save(draft);
  const std::lock_guard lock(disk_mutex_);
  change_index([&] {
    auto& item = item_of(draft.entry_.url);
    if (kept) {
      set_part(item, draft.entry_);
    } else {
      doomed_.push_back({draft.entry_, true});
    }
    end_draft(item);
    return true;
  });
}

std::shared_ptr<const Entry> Cache::renew(const Entry& entry, std::int64_t now,
                                          std::uint32_t fresh) {
  auto renewed = entry;
  renewed.validated = now;
  renewed.fresh = fresh;
  auto shared = std::make_shared<const Entry>(std::move(renewed));
  const std::lock_guard lock(disk_mutex_);
  const bool there = change_index([&] {
    const auto item = find_whole(entry);
    if (item == items_.end()) return false;
    item->whole = shared;
    item->use_noted = now;
    return true;
  });
  // Should that fail, it is only asked for once more after a restart.
  if (there) std::ignore = folder_.describe(*shared);
  return shared;
}

void Cache::drop(const std::string& url) {
  const std::lock_guard lock(disk_mutex_);
  change_index([&] {
    auto& item = item_of(url);
    set_whole(item, nullptr);
    set_part(item, std::nullopt);
    forget_if_empty(url);
    return true;
  });
}

Cache::Item& Cache::item_of(const std::string& url) {
  auto found = by_url_.find(url);
  if (found == by_url_.end()) {
    items_.push_front({.url = url, .used = std::time(nullptr)});
    found = by_url_.emplace(url, items_.begin()).first;
  }
  return *found->second;
}

Cache::Items::iterator Cache::find_whole(const Entry& entry) {
  const auto found = by_url_.find(entry.url);
  if (found == by_url_.end()) return items_.end();
  const auto& whole = found->second->whole;
  return whole && whole->data == entry.data ? found->second : items_.end();
}

/// Whether the use is to be noted on the disk.
bool Cache::use(Items::iterator item, std::int64_t now) {
  items_.splice(items_.begin(), items_, item);
  item->used = now;
  if (now - item->use_noted < note_use_after_seconds) return false;
  item->use_noted = now;
  return true;
}

/// Takes so much space, all in all, for the item's draft. `free`: bytes that the disk has.
Expected<void> Cache::reserve(Item& item, std::uint64_t bytes, std::uint64_t free) {
  const auto former = item.whole ? cost(item.whole->size) : 0;
  if (auto room = make_room(bytes - item.reserved, former, free); !room) return room;
  bytes_ += bytes - item.reserved;
  item.reserved = bytes;
  return {};
}

/// Lets those go that were not used for longest, until there is room for `more` bytes; nobody, if that is not enough.
/// `former`: bytes that go when what the room is for is whole; the limit passes over them, the disk can't.
Expected<void> Cache::make_room(std::uint64_t more, std::uint64_t former, std::uint64_t free) {
  const auto above = [](std::uint64_t amount, std::uint64_t limit) {
    return amount > limit ? amount - limit : 0;
  };
  const auto excess = std::max(above(bytes_ - former + more, limits_.bytes),
                               above(more, above(free, disk_reserve)));
  std::vector<Item*> going;
  std::uint64_t freed = 0;
  const auto is_enough = [&] {
    return freed >= excess && items_.size() - going.size() <= limits_.files;
  };
  for (const bool pinned : {false, true}) {
    for (auto& item : std::ranges::reverse_view(items_)) {
      if (is_enough()) break;
      if (item.drafted || is_pinned(item) != pinned) continue;
      going.push_back(&item);
      freed += (item.whole ? cost(item.whole->size) : 0) + (item.part ? cost(item.part->have) : 0);
    }
  }
  if (!is_enough()) {
    return fail(
        fmt::format("the mirror has no room for {} bytes more: --mirror-size is {} bytes, "
                    "and the disk has {} left, of which {} are for others",
                    more, limits_.bytes, free, disk_reserve));
  }
  for (auto* item : going) evict(*item);
  return {};
}

bool Cache::is_pinned(const Item& item) const {
  const auto pin = pins_->find(item.url);
  return pin != pins_->end() && item.whole && item.whole->sha256 == pin->second;
}

void Cache::evict(Item& item) {
  if (evicted_.size() < evicted_limit && item.whole) evicted_.push_back(*item.whole);
  set_whole(item, nullptr);
  set_part(item, std::nullopt);
  forget_if_empty(std::string(item.url));
}

void Cache::set_whole(Item& item, std::shared_ptr<const Entry> whole) {
  if (item.whole) bytes_ -= cost(item.whole->size);
  // A new description has taken the former one's place.
  if (item.whole && (!whole || whole->data != item.whole->data))
    doomed_.push_back({*item.whole, whole == nullptr});
  item.whole = std::move(whole);
  if (item.whole) bytes_ += cost(item.whole->size);
}

void Cache::set_part(Item& item, std::optional<Entry> part) {
  if (item.part) {
    bytes_ -= cost(item.part->have);
    doomed_.push_back({std::move(*item.part), true});
  }
  item.part = std::move(part);
  if (item.part) bytes_ += cost(item.part->have);
}

void Cache::end_draft(Item& item) {
  bytes_ -= std::exchange(item.reserved, 0);
  item.drafted = false;
  forget_if_empty(std::string(item.url));
}

void Cache::forget_if_empty(const std::string& url) {
  const auto found = by_url_.find(url);
  const auto& item = *found->second;
  if (item.whole || item.part || item.drafted) return;
  items_.erase(found->second);
  by_url_.erase(found);
}

}  // namespace pixie::mirror
