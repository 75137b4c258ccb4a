#include "net/storm.h"

#include <sys/resource.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "net/storm_machine.h"
#include "net/storm_relay.h"

namespace pixie::net {
namespace {

/// Beside a descriptor for each machine.
constexpr std::size_t spare_descriptors = 64;
/// So many machines begin before the loop looks at others.
constexpr std::size_t batch = 128;
constexpr auto progress_interval = std::chrono::milliseconds(100);

/// A machine has a port or a connection, and for a moment the next one as well.
Expected<void> allow_descriptors(std::size_t machines) {
  const auto needed = static_cast<rlim_t>(machines + machines / 8 + spare_descriptors);
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= needed) return {};
  const auto most = limit.rlim_max;
  limit.rlim_cur = needed;
  limit.rlim_max = std::max(most, needed);
  if (setrlimit(RLIMIT_NOFILE, &limit) == 0) return {};
  return fail(fmt::format(
      "storm: {} machines need {} open files, and the limit is {}: raise it (ulimit -n, "
      "LimitNOFILE=), or let fewer machines come",
      machines, needed, most));
}

wire::Mac nth_mac(const wire::Mac& first, std::size_t index) {
  auto mac = first;
  auto carry = static_cast<std::uint64_t>(index);
  for (std::size_t i = mac.octets.size(); i-- > 0 && carry > 0; carry >>= 8) {
    carry += mac.octets[i];
    mac.octets[i] = static_cast<std::uint8_t>(carry & 0xff);
  }
  return mac;
}

class Storm {
 public:
  explicit Storm(const StormOrder& order)
      : order_(order),
        loop_(0, 1, tree::Layout{}, events_),
        shared_{.loop = loop_,
                .plan = order.plan,
                .relay = nullptr,
                .on_over = [this](const StormMachine& machine) { count(machine); }} {}

  Expected<void> open_relay() {
    if (order_.plan.dhcp_servers.empty()) return {};
    auto relay = StormRelay::open(loop_, order_.plan.own_address,
                                  [this](doctor::Offer answer) { pass_on(std::move(answer)); });
    if (!relay) return std::unexpected(relay.error());
    relay_ = std::move(*relay);
    shared_.relay = relay_.get();
    return {};
  }

  StormResult run() {
    for (std::size_t i = 0; i < order_.arrivals.size(); ++i) {
      const auto mac = nth_mac(order_.first_mac, i);
      // Neighbouring seeds must not give like chances.
      constexpr std::uint64_t golden = 0x9e3779b97f4a7c15;
      const auto seed = (order_.seed + 1) * golden ^ (i + 1) * golden >> 7;
      machines_.push_back(std::make_unique<StormMachine>(shared_, mac, seed));
      by_mac_.emplace(mac, machines_.back().get());
    }
    began_ = Clock::now();
    loop_.soon([this] { start_due(); });
    progress_at_ = began_;
    loop_.watch(meter_);
    loop_.run();
    return {.report = report_,
            .unfinished = machines_.size() - report_.completed() - report_.failed(),
            .took = Clock::now() - began_};
  }

 private:
  class Clocked final : public Timed {
   public:
    Clocked(const TimePoint& when, std::function<void()> task)
        : when_(when), task_(std::move(task)) {}
    TimePoint deadline() const override { return when_; }
    void on_deadline(TimePoint) override { task_(); }

   private:
    const TimePoint& when_;
    std::function<void()> task_;
  };

  void start_due() {
    const auto now = Clock::now();
    for (std::size_t i = 0; i < batch && arrived_ < machines_.size(); ++i) {
      next_arrival_ = began_ + order_.arrivals[arrived_];
      if (next_arrival_ > now) return loop_.watch(starter_);
      machines_[arrived_++]->start();
    }
    if (arrived_ < machines_.size()) loop_.soon([this] { start_due(); });
  }

  void pass_on(doctor::Offer answer) {
    const auto mac = answer.packet.mac();
    const auto found = mac ? by_mac_.find(*mac) : by_mac_.end();
    if (found != by_mac_.end()) found->second->on_dhcp(std::move(answer));
  }

  void count(const StormMachine& machine) {
    report_.add(machine.machine().boot());
    if (report_.completed() + report_.failed() == machines_.size()) loop_.stop();
  }

  void tell_progress() {
    storm::Progress progress{.arrived = arrived_,
                             .completed = report_.completed(),
                             .failed = report_.failed(),
                             .in_step = {}};
    for (std::size_t i = 0; i < arrived_; ++i) {
      const auto& machine = machines_[i]->machine();
      if (!machine.is_over()) ++progress.in_step[static_cast<std::size_t>(machine.boot().step)];
    }
    progress_at_ = Clock::now() + progress_interval;
    loop_.watch(meter_);
    if (!order_.on_progress(progress, report_)) loop_.stop();
  }

  const StormOrder& order_;
  events::Stream events_;
  Loop loop_;
  std::unique_ptr<StormRelay> relay_;
  StormShared shared_;
  std::vector<std::unique_ptr<StormMachine>> machines_;
  std::unordered_map<wire::Mac, StormMachine*> by_mac_;
  storm::Report report_;
  TimePoint began_{};
  std::size_t arrived_ = 0;
  TimePoint next_arrival_{};
  TimePoint progress_at_{};
  Clocked starter_{next_arrival_, [this] { start_due(); }};
  Clocked meter_{progress_at_, [this] { tell_progress(); }};
};

}  // namespace

Expected<StormResult> run_storm(const StormOrder& order) {
  if (auto allowed = allow_descriptors(order.arrivals.size()); !allowed)
    return std::unexpected(allowed.error());
  Storm storm(order);
  if (auto opened = storm.open_relay(); !opened) return std::unexpected(opened.error());
  return storm.run();
}

}  // namespace pixie::net
