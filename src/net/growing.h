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

  /// How it stands. If there are no more than `known` bytes, and more may come, `wake` is called once there are more, or
  /// no more come: from the other thread.
  Seen look(std::uint64_t known, std::function<void()> wake) {
    const std::lock_guard lock(mutex_);
    if (!is_over(known)) waiting_.push_back({known, std::move(wake)});
    return seen_;
  }

 private:
  struct Waiting {
    std::uint64_t known;
    std::function<void()> wake;
  };

  /// Whether nobody waits any more who knows so many bytes.
  bool is_over(std::uint64_t known) const { return seen_.size > known || seen_.ended; }

  template <class Change>
  void change(const Change& change) {
    std::vector<std::function<void()>> woken;
    {
      const std::lock_guard lock(mutex_);
      change();
      std::erase_if(waiting_, [&](Waiting& waiting) {
        if (!is_over(waiting.known)) return false;
        woken.push_back(std::move(waiting.wake));
        return true;
      });
    }
    for (const auto& wake : woken) wake();
  }

  std::mutex mutex_;
  Seen seen_;
  std::vector<Waiting> waiting_;
};

}  // namespace pixie::net
