// The log: events as one line each on a file descriptor, written by a thread of its own, so that a
// slow terminal or journal never holds up a loop.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <initializer_list>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "events/event.h"
#include "wire/allowance.h"

namespace pixie::events {

enum class Format : std::uint8_t { logfmt, json };

/// Appends one line, without its newline, to `out`. Text is quoted so that no field can forge
/// another.
void format_line(std::string& out, Format format, std::chrono::system_clock::time_point when,
                 const Kind& kind, std::initializer_list<Field> fields, std::uint64_t suppressed);

/// May be used from any thread.
class Log {
 public:
  /// Writes to `descriptor`, which is not closed. Lines are dropped, and counted, while 8 MiB wait
  /// to be written.
  Log(int descriptor, Format format, Severity level);
  /// Writes what is waiting.
  ~Log();
  Log(const Log&) = delete;

  /// Whether an event of this kind would be written: ask before gathering costly fields.
  bool wants(const Kind& kind) const {
    return kind.severity <= level_.load(std::memory_order_relaxed);
  }
  void emit(const Kind& kind, std::initializer_list<Field> fields);
  void set_level(Severity level) { level_.store(level, std::memory_order_relaxed); }

 private:
  /// A kind marked `limited` may have 50 lines at once and 5 more per second.
  struct Limit {
    wire::Allowance lines{50, 5};
    std::uint64_t suppressed = 0;
  };

  bool allow(const Kind& kind, std::uint64_t& suppressed);
  void write_out();

  const int descriptor_;
  const Format format_;
  std::atomic<Severity> level_;
  std::mutex mutex_;
  std::condition_variable filled_;
  std::string waiting_;
  std::uint64_t dropped_ = 0;
  std::map<const Kind*, Limit> limits_;
  bool ending_ = false;
  std::thread writer_;
};

}  // namespace pixie::events
