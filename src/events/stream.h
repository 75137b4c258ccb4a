// The stream of events: whoever has something to tell emits it, and the views (log, metrics, registry, live feed) take it
// on a thread of the stream's own, so that a slow terminal or disk never holds up a loop.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <initializer_list>
#include <mutex>
#include <span>
#include <string>
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
  /// Whether events of this kind are wanted. Called from any thread, for every event: must be quick.
  virtual bool wants(const Kind& kind) const = 0;
  /// Called on the stream's thread alone.
  virtual void take(const Record& record) = 0;
};

/// May be used from any thread.
class Stream {
 public:
  Stream();
  /// Hands out what is waiting.
  ~Stream();
  Stream(const Stream&) = delete;

  /// The view gets what is emitted from now on; it must outlive the stream, or be removed.
  void add(View& view);
  /// When it returns, the view is called no more.
  void remove(View& view);

  /// Whether any view wants events of this kind: ask before gathering costly fields.
  bool wants(const Kind& kind) const;
  /// Events are dropped, and counted, while 8 MiB wait for the views.
  void emit(const Kind& kind, std::initializer_list<Field> fields);
  /// How many were dropped so far.
  std::uint64_t dropped() const;
};

}  // namespace pixie::events
