// What waits for the registry's thread: questions, sightings and events, in the order of their coming.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <variant>
#include <vector>

#include "events/boot.h"
#include "events/stream.h"
#include "machines/identity.h"
#include "wire/mac.h"

namespace pixie::registry {

class Registry;

/// A record of its own, whatever becomes of the one that it was made of.
class KeptRecord {
 public:
  explicit KeptRecord(const events::Record& record);
  KeptRecord(KeptRecord&&) = default;
  KeptRecord& operator=(KeptRecord&&) = default;
  /// Valid as long as this.
  events::Record record() const { return {*kind_, when_, fields_}; }

 private:
  const events::Kind* kind_;
  events::Time when_;
  /// Of the fields; their names are literals.
  std::vector<char> texts_;
  std::vector<events::Field> fields_;
};

using Question = std::function<void(Registry&)>;
struct Sighting {
  wire::Mac mac;
  machines::Identity identity;
  /// Something of it was not known before.
  bool news = false;
  events::Time when;
};
using Item = std::variant<Question, Sighting, KeptRecord>;

/// put() and close() may be called from any thread, take() by one.
class Inbox {
 public:
  /// Of what nobody waits for, this many items may wait; further ones are dropped.
  static constexpr std::size_t limit = 1 << 16;
  /// So long, or until so many are here, items wait for more to come: to wake the thread for each of them would cost more
  /// than what it does with it. A question is taken at once, with all that came before it.
  static constexpr std::chrono::milliseconds gather_time{5};
  static constexpr std::size_t gather_items = 1024;

  /// False: dropped.
  bool put(Item item);
  /// Nothing more will be put.
  void close();

  /// Waits until something is there, or until `until`. Nothing: it is closed and empty.
  std::optional<std::vector<Item>> take(std::chrono::steady_clock::time_point until);
  /// How many were dropped since the last time.
  std::uint64_t dropped();

 private:
  std::mutex mutex_;
  std::condition_variable filled_;
  std::vector<Item> items_;
  std::uint64_t dropped_ = 0;
  bool asked_ = false;
  bool closed_ = false;
};

}  // namespace pixie::registry
