// For tests: what was told on a stream of events.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "events/stream.h"

namespace pixie::net {

/// A stream with a view that keeps all of it.
class TestEvents {
  struct Kept final : events::View {
    bool wants(const events::Kind& /*kind*/) const override { return true; }
    void take(const events::Record& record) override {
      {
        const std::lock_guard lock(mutex);
        lines.push_back(
            fmt::format("{} {} {}", record.kind.id, record.text("reason"), record.number("count")));
      }
      came.notify_all();
    }
    std::mutex mutex;
    std::condition_variable came;
    std::vector<std::string> lines;
  };
  Kept kept_;

 public:
  TestEvents() { stream.add(kept_); }

  events::Stream stream;

  /// Waits until so many came: `id reason count`, as far as they have them.
  std::vector<std::string> wait(std::size_t count) {
    std::unique_lock lock(kept_.mutex);
    kept_.came.wait(lock, [&] { return kept_.lines.size() >= count; });
    return kept_.lines;
  }
};

}  // namespace pixie::net
