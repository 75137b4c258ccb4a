// The stream of events: whoever has something to tell emits it, and the views (log, metrics, registry, live feed) take it
// on a thread of the stream's own, so that a slow terminal or disk never holds up a loop.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <initializer_list>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "events/event.h"

namespace pixie::events {

/// One event as the views get it. Everything is viewed: it is valid until take() returns.
struct Record {
  const Kind& kind;
  std::chrono::system_clock::time_point when;
  std::span<const Field> fields;

  /// The text of the field of that name; empty if there is none or it is a number.
  std::string_view text(std::string_view name) const;
  /// The number; 0 if there is none.
  double number(std::string_view name) const;
};

class View {
 public:
  virtual ~View() = default;
  /// Whether events of this kind are wanted. Called from any thread; where the answer changes, the stream must be
  /// told by views_changed().
  virtual bool wants(const Kind& kind) const = 0;
  /// Called on the stream's thread alone. May emit; may not add or remove views.
  virtual void take(const Record& record) = 0;
  /// Called on the stream's thread after the last record of a batch: what follows may be some time away.
  virtual void rest() {}
};

/// May be used from any thread.
class Stream {
 public:
  Stream();
  /// Hands out what is waiting.
  ~Stream();
  Stream(const Stream&) = delete;

  /// The view gets what is emitted from now on; it must outlive the stream, or be removed.
  /// Adding it again changes nothing.
  void add(View& view);
  /// When it returns, the view is called no more.
  void remove(View& view);

  /// Waits until all that was emitted before is handed out. Not for views.
  void drain();

  /// A view wants other kinds than before.
  void views_changed();

  /// Whether any view wants events of this kind: ask before gathering costly fields.
  bool wants(const Kind& kind) const {
    const auto word = wanted_[kind.slot / 64].load(std::memory_order_relaxed);
    return ((word >> (kind.slot % 64)) & 1) != 0;
  }
  /// Costs little more than copying the fields. Events are dropped, and counted, while 8 MiB wait for the views.
  void emit(const Kind& kind, std::initializer_list<Field> fields);
  /// How many were dropped so far.
  std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  void hand_out_until_end();
  void hand_out(std::string_view records);
  void hand_out(const Record& record) const;
  void report_dropped();

  /// A bit for each slot of which a view wants a kind.
  std::array<std::atomic<std::uint64_t>, Kind::slot_count / 64> wanted_{};
  std::atomic<std::uint64_t> dropped_ = 0;

  std::mutex views_mutex_;
  std::vector<View*> views_;
  /// The thread's own.
  std::vector<Field> fields_;
  std::uint64_t dropped_told_ = 0;

  std::mutex waiting_mutex_;
  std::condition_variable filled_;
  /// Records one behind the other, in a form of our own.
  std::string waiting_;
  bool ending_ = false;
  /// A batch is with the views; how many they had before it.
  bool handing_out_ = false;
  std::uint64_t batches_ = 0;
  std::condition_variable handed_out_;
  std::thread thread_;
};

}  // namespace pixie::events
