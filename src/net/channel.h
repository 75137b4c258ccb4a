// Texts on their way from any thread to one connection that stays open for them (Server-Sent Events).
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace pixie::net {

/// May be used from any thread.
class Channel {
 public:
  using Text = std::shared_ptr<const std::string>;
  /// What a client may be behind; then its connection ends, and it comes again for the present state.
  static constexpr std::size_t limit_bytes = 1 << 20;

  /// False: nobody listens any more.
  bool send(Text text) {
    const std::lock_guard lock(mutex_);
    if (closed_) return false;
    waiting_bytes_ += text->size();
    if (waiting_bytes_ > limit_bytes) {
      closed_ = true;
      waiting_.clear();
    } else {
      waiting_.push_back(std::move(text));
    }
    if (wake_) std::exchange(wake_, {})();
    return !closed_;
  }

  /// What waits; `wake` is called, once and from the sender's thread, when there is more. Nothing waits and `wake` is
  /// never called once the channel is closed.
  std::vector<Text> take(std::function<void()> wake) {
    const std::lock_guard lock(mutex_);
    waiting_bytes_ = 0;
    if (waiting_.empty() && !closed_) wake_ = std::move(wake);
    return std::exchange(waiting_, {});
  }

  bool closed() const {
    const std::lock_guard lock(mutex_);
    return closed_;
  }
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    wake_ = {};
    waiting_.clear();
  }

 private:
  mutable std::mutex mutex_;
  std::vector<Text> waiting_;
  std::size_t waiting_bytes_ = 0;
  bool closed_ = false;
  std::function<void()> wake_;
};

}  // namespace pixie::net
