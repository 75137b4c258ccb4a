// What a coroutine awaits when somebody else calls back: on its loop's thread or on another.
#pragma once

#include <coroutine>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "net/loop.h"

namespace pixie::net {

/// `co_await Called<T>(loop, start)`: runs `start(done)`; goes on, on the loop's thread, when `done(T)` was called.
/// The coroutine must live until then, or until its loop runs no more.
template <class T>
class Called {
 public:
  using Done = std::function<void(T)>;
  Called(Loop& loop, std::function<void(Done)> start) : loop_(loop), start_(std::move(start)) {}

  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> waiting) {
    const auto state = state_;
    start_([state, waiting, &loop = loop_](T value) {
      bool suspended = false;
      {
        const std::lock_guard lock(state->mutex);
        state->value.emplace(std::move(value));
        suspended = state->suspended;
      }
      if (suspended) loop.post([waiting] { waiting.resume(); });
    });
    const std::lock_guard lock(state->mutex);
    state->suspended = !state->value;
    return state->suspended;
  }
  T await_resume() { return std::move(*state_->value); }

 private:
  struct State {
    std::mutex mutex;
    std::optional<T> value;
    bool suspended = false;
  };
  Loop& loop_;
  const std::function<void(Done)> start_;
  const std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace pixie::net
