// One event loop: a thread's I/O context with its timer wheel. Everything that lives on a loop (its sockets,
// transfers, connections, its tree) is touched by that loop's thread alone.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "events/log.h"
#include "net/timer_wheel.h"
#include "tree/tree.h"

namespace pixie::net {

namespace asio = boost::asio;

class Loop {
 public:
  Loop(std::size_t index, std::size_t count, const tree::Layout& layout, events::Log& log_);

  /// Runs until `stop`.
  void run();
  /// From any thread.
  void stop() { context.stop(); }

  /// Puts `timed` into the wheel where its deadline is.
  void watch(Timed& timed);

  const std::size_t index;
  /// How many loops there are.
  const std::size_t count;
  asio::io_context context{1};
  events::Log& log;
  /// Replaced when the settings are read again.
  tree::Tree tree;

 private:
  void tick();

  TimerWheel wheel_;
  asio::steady_timer timer_;
  bool ticking_ = false;
};

}  // namespace pixie::net
