// How much has come of a file that is still being fetched, told by the thread that fetches it to the connections that
// send it meanwhile.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

namespace pixie::net {

/// May be used from any thread.
class Growing {
 public:
  struct Seen {
    /// Bytes that are there, from the first on.
    std::uint64_t size = 0;
    /// No more come.
    bool ended = false;
  };

  explicit Growing(std::uint64_t size) : seen_{.size = size} {}

  void grow(std::uint64_t size) {
    change([&] { seen_.size = size; });
  }
  void end() {
    change([&] { seen_.ended = true; });
  }

  /// How it stands. If there are only `known` bytes, and more may come, `wake` is called once something changed: from
  /// the other thread.
  Seen look(std::uint64_t known, std::function<void()> wake) {
    const std::lock_guard lock(mutex_);
    if (seen_.size <= known && !seen_.ended) waiting_.push_back(std::move(wake));
    return seen_;
  }

 private:
  template <class Change>
  void change(const Change& change) {
    std::vector<std::function<void()>> woken;
    {
      const std::lock_guard lock(mutex_);
      change();
      woken = std::exchange(waiting_, {});
    }
    for (const auto& wake : woken) wake();
  }

  std::mutex mutex_;
  Seen seen_;
  std::vector<std::function<void()>> waiting_;
};

}  // namespace pixie::net
