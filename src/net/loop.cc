#include "net/loop.h"

#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace pixie::net {
namespace {

/// Bounds what is remembered of a network's machines.
constexpr std::size_t most_machines = 65'536;

void control(int epoll, int operation, int descriptor, epoll_event event) {
  if (epoll_ctl(epoll, operation, descriptor, &event) != 0)
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
}

void take_out(std::span<epoll_event> events, const Watched* whose) {
  for (auto& event : events) {
    if (event.data.ptr == whose) event.data.ptr = nullptr;
  }
}

}  // namespace

Watched::Watched(Loop& loop, tree::Descriptor descriptor, std::uint32_t events)
    : loop_(loop), descriptor_(std::move(descriptor)) {
  control(loop_.epoll_.number(), EPOLL_CTL_ADD, number(),
          {.events = events, .data = {.ptr = this}});
}

void Watched::wait_for(std::uint32_t events) {
  control(loop_.epoll_.number(), EPOLL_CTL_MOD, number(),
          {.events = events, .data = {.ptr = this}});
}

void Watched::unwatch() {
  control(loop_.epoll_.number(), EPOLL_CTL_DEL, number(), {});
  take_out(loop_.unread_, this);
}

void Watched::close() {
  if (!descriptor_) return;
  // With its last descriptor a socket leaves the epoll set (epoll(7)).
  descriptor_ = tree::Descriptor();
  take_out(loop_.unread_, this);
}

Loop::Alarm::Alarm(Loop& loop)
    : Watched(loop, tree::Descriptor(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), EPOLLIN),
      loop_(loop) {}

void Loop::Alarm::ring() const { eventfd_write(number(), 1); }

void Loop::Alarm::on_ready(std::uint32_t) {
  eventfd_t rings = 0;
  eventfd_read(number(), &rings);
  loop_.run_posted();
}

Loop::Loop(std::size_t index_, std::size_t count_, const tree::Layout& layout,
           events::Stream& events_)
    : index(index_),
      count(count_),
      events(events_),
      tree(layout),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      wheel_(Clock::now()),
      turned_at_(Clock::now()),
      alarm_(*this) {}

void Loop::run() {
  while (!stopping_) {
    wait();
    run_soon();
    if (turned_at_ < next_tick_) continue;
    wheel_.advance(turned_at_);
    next_tick_ = wheel_.next();
  }
}

void Loop::stop() {
  post([this] { stopping_ = true; });
}

void Loop::post(std::function<void()> task) {
  const std::scoped_lock lock(posted_mutex_);
  // Whoever came first has rung for all that come until they are taken.
  if (posted_.empty()) alarm_.ring();
  posted_.push_back(std::move(task));
}

void Loop::learn(const wire::IpAddress& address, const wire::Mac& machine) {
  if (relayed_.size() >= most_machines) relayed_.clear();
  relayed_[{address, 0}] = machine;
}

std::optional<wire::Mac> Loop::machine_at(const wire::IpAddress& address, std::uint32_t interface) {
  constexpr auto good_for = std::chrono::seconds(5);
  if (address.is_loopback()) return std::nullopt;
  if (const auto found = relayed_.find({address, 0}); found != relayed_.end()) return found->second;
  const auto now = Clock::now();
  if (machines_.size() >= most_machines) machines_.clear();
  auto& known = machines_[{address, 0}];
  if (known.asked == TimePoint() || now - known.asked > good_for)
    known = {.mac = neighbours_.find(address, interface), .asked = now};
  return known.mac;
}

const Interface* Loop::interface_of(const wire::IpAddress& own) {
  constexpr auto good_for = std::chrono::seconds(5);
  const auto now = Clock::now();
  if (interfaces_asked_ == TimePoint() || now - interfaces_asked_ > good_for) {
    if (auto present = interfaces()) interfaces_ = std::move(*present);
    interfaces_asked_ = now;
  }
  const auto has_it = [&own](const Interface& interface) {
    return interface.ipv6 == own || interface.ipv6_link_local == own ||
           std::ranges::find(interface.addresses, own, &InterfaceAddress::address) !=
               interface.addresses.end();
  };
  const auto found = std::ranges::find_if(interfaces_, has_it);
  return found == interfaces_.end() ? nullptr : &*found;
}

void Loop::watch(Timed& timed) {
  // The wheel stood still while nothing was in it.
  if (next_tick_ == TimePoint::max()) wheel_.advance(Clock::now());
  next_tick_ = std::min(next_tick_, wheel_.add(timed));
}

int Loop::milliseconds_to_wait() const {
  if (!soon_.empty()) return 0;
  if (next_tick_ == TimePoint::max()) return -1;
  // One more, because the rest is cut off.
  const auto rest = std::chrono::duration_cast<std::chrono::milliseconds>(next_tick_ - turned_at_);
  return static_cast<int>(std::max<std::int64_t>(rest.count() + 1, 0));
}

void Loop::wait() {
  const int got = epoll_wait(epoll_.number(), ready_.data(), static_cast<int>(ready_.size()),
                             milliseconds_to_wait());
  ++turn_;
  turned_at_ = Clock::now();
  unread_ = std::span(ready_).first(static_cast<std::size_t>(std::max(got, 0)));
  while (!unread_.empty()) {
    const auto event = unread_.front();
    unread_ = unread_.subspan(1);
    if (event.data.ptr) static_cast<Watched*>(event.data.ptr)->on_ready(event.events);
  }
}

/// Those that come while these run wait for the next turn.
void Loop::run_soon() {
  now_.swap(soon_);
  for (const auto& task : now_) task();
  now_.clear();
}

void Loop::run_posted() {
  std::vector<std::function<void()>> tasks;
  {
    const std::scoped_lock lock(posted_mutex_);
    tasks.swap(posted_);
  }
  for (const auto& task : tasks) task();
}

}  // namespace pixie::net
