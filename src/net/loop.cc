#include "net/loop.h"

namespace pixie::net {

Loop::Loop(std::size_t index_, std::size_t count_, const tree::Layout& layout, events::Log& log_)
    : index(index_),
      count(count_),
      log(log_),
      tree(layout),
      wheel_(Clock::now()),
      timer_(context) {}

void Loop::run() {
  const auto work = asio::make_work_guard(context);
  context.run();
}

void Loop::watch(Timed& timed) {
  if (!ticking_) {
    // The wheel stood still while nothing was in it.
    wheel_.advance(Clock::now());
    ticking_ = true;
    tick();
  }
  wheel_.add(timed);
}

void Loop::tick() {
  timer_.expires_after(TimerWheel::tick);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    wheel_.advance(Clock::now());
    ticking_ = !wheel_.empty();
    if (ticking_) tick();
  });
}

}  // namespace pixie::net
