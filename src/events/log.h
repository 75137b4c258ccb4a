// The log: events as one line each on a file descriptor, written by a thread of its own, so that a
// slow terminal or journal holds up no other view.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <thread>

#include "events/stream.h"
#include "wire/allowance.h"

namespace pixie::events {

enum class Format : std::uint8_t { logfmt, json };

/// Appends one line, without its newline, to `out`. Text is quoted so that no field can forge
/// another.
void format_line(std::string& out, Format format, std::chrono::system_clock::time_point when,
                 const Kind& kind, std::span<const Field> fields, std::uint64_t suppressed);

class Log final : public View {
 public:
  /// Writes to `descriptor`, which is not closed. Lines are dropped, and counted, while 8 MiB wait
  /// to be written.
  Log(int descriptor, Format format, Severity level);
  /// Writes what is waiting.
  ~Log() override;
  Log(const Log&) = delete;

  bool wants(const Kind& kind) const override {
    return kind.severity <= level_.load(std::memory_order_relaxed);
  }
  void take(const Record& record) override;
  void rest() override;
  /// From any thread; the stream must be told (Stream::views_changed()).
  void set_level(Severity level) { level_.store(level, std::memory_order_relaxed); }

 private:
  /// A kind marked `limited` may have so many lines at once and per second as its severity allows.
  struct Limit {
    wire::Allowance lines{50, 5};
    std::uint64_t suppressed = 0;
  };

  bool allow(const Kind& kind, std::uint64_t& suppressed);
  void write_out();

  const int descriptor_;
  const Format format_;
  std::atomic<Severity> level_;
  /// The lines of this batch, and the rest that the stream's thread alone knows.
  std::string lines_;
  bool crowded_ = false;
  std::uint64_t dropped_ = 0;
  std::map<const Kind*, Limit> limits_;

  std::mutex mutex_;
  std::condition_variable filled_;
  std::string waiting_;
  bool ending_ = false;
  std::thread writer_;
};

}  // namespace pixie::events
