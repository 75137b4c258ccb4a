// One event loop: a thread that waits on epoll, with a timer wheel. Everything that lives on a loop (its sockets,
// transfers, connections, its tree) is touched by that loop's thread alone.
//
// Why not a library's loop: a datagram socket must stay armed without a system call for each wait, and a
// connection must cost nothing beyond accept, one registration and its own reads and writes.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <coroutine>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "desk/desk.h"
#include "events/stream.h"
#include "net/backend.h"
#include "net/interfaces.h"
#include "net/neighbours.h"
#include "net/timer_wheel.h"
#include "tree/descriptor.h"
#include "tree/tree.h"

namespace pixie::net {

class Loop;
class TransferLimit;

/// A descriptor that a loop waits on. Belongs to its loop's thread; may be destroyed at any time.
class Watched {
 public:
  /// `events`: EPOLLIN and its like (epoll_ctl(2)); 0: nothing yet. Throws std::system_error if the kernel refuses.
  Watched(Loop& loop, tree::Descriptor descriptor, std::uint32_t events);
  Watched(const Watched&) = delete;
  Watched& operator=(const Watched&) = delete;

  int number() const { return descriptor_.number(); }
  /// From now on waits for these events instead.
  void wait_for(std::uint32_t events);
  /// No event comes any more, although another process may hold the socket as well: closing it is not enough then
  /// (epoll(7)). To be called once.
  void unwatch();
  /// Closes the descriptor; no event comes any more.
  void close();
  bool closed() const { return !descriptor_; }

 protected:
  ~Watched() { close(); }

 private:
  friend class Loop;
  virtual void on_ready(std::uint32_t events) = 0;

  Loop& loop_;
  tree::Descriptor descriptor_;
};

class Loop {
 public:
  Loop(std::size_t index, std::size_t count, const tree::Layout& layout, events::Stream& events_);

  /// Runs until `stop`.
  void run();
  /// From any thread.
  void stop();
  /// Runs `task` on the loop's thread. From any thread.
  void post(std::function<void()> task);

  /// Runs `task` after what is being done now, before the loop waits again.
  void soon(std::function<void()> task) { soon_.push_back(std::move(task)); }

  /// What a coroutine awaits to let the loop's other work have its turn.
  auto others_turn() {
    struct Awaiter {
      Loop& loop;
      bool await_ready() const noexcept { return false; }
      void await_suspend(std::coroutine_handle<> waiting) const {
        loop.soon([waiting] { waiting.resume(); });
      }
      void await_resume() const noexcept {}
    };
    return Awaiter{*this};
  }

  /// Puts `timed` into the wheel where its deadline is.
  void watch(Timed& timed);

  /// The machine that has an address: which got it as a lease behind a relay, else by the kernel's neighbour table,
  /// which is asked anew after some seconds only. Nothing for loopback. `interface` is 0 if it is not known.
  std::optional<wire::Mac> machine_at(const wire::IpAddress& address, std::uint32_t interface);

  /// A machine behind a relay, which no neighbour table knows, has this address now.
  void learn(const wire::IpAddress& address, const wire::Mac& machine);

  /// Our interface that has this address; asked anew after some seconds only. Null: none.
  const Interface* interface_of(const wire::IpAddress& own);

  /// Told what a known machine is given; null: nobody wants to know. Set before run().
  std::function<void(const wire::Mac& machine, tree::Body::Kind kind)> on_fetch;

  /// Counts the turns: one for each wait.
  std::uint64_t turn() const { return turn_; }

  const std::size_t index;
  /// How many loops there are.
  const std::size_t count;
  events::Stream& events;
  /// Replaced when the settings are read again.
  tree::Tree tree;
  /// What is made for each machine, and what answers beside the tree. Set before run().
  desk::Desk* desk = nullptr;
  Backend* backend = nullptr;
  /// Of all loops; null: there is none. Set before run().
  TransferLimit* transfer_limit = nullptr;

 private:
  friend class Watched;

  /// Wakes the loop for tasks that other threads posted.
  class Alarm final : public Watched {
   public:
    explicit Alarm(Loop& loop);
    void ring() const;

   private:
    void on_ready(std::uint32_t events) override;
    Loop& loop_;
  };

  struct KnownMachine {
    std::optional<wire::Mac> mac;
    TimePoint asked;
  };

  void wait();
  void run_soon();
  void run_posted();
  int milliseconds_to_wait() const;

  tree::Descriptor epoll_;
  Neighbours neighbours_;
  /// By address (and port 0).
  std::unordered_map<wire::Endpoint, KnownMachine> machines_;
  std::unordered_map<wire::Endpoint, wire::Mac> relayed_;
  std::vector<Interface> interfaces_;
  TimePoint interfaces_asked_{};
  /// What the last wait brought, as far as it is not dealt with; those who go meanwhile are taken out.
  std::array<epoll_event, 128> ready_;
  std::span<epoll_event> unread_;
  std::vector<std::function<void()>> soon_;
  std::vector<std::function<void()>> now_;
  TimerWheel wheel_;
  TimePoint turned_at_;
  TimePoint next_tick_ = TimePoint::max();
  std::uint64_t turn_ = 0;
  bool stopping_ = false;
  std::mutex posted_mutex_;
  std::vector<std::function<void()>> posted_;
  Alarm alarm_;
};

}  // namespace pixie::net
