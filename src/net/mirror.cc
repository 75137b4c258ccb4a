#include "net/mirror.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "events/catalogue.h"

namespace pixie::net {
namespace {

using How = Mirrored::How;
using What = MirrorEnd::What;

constexpr std::size_t most_workers = 32;
constexpr std::size_t most_jobs = 1000;
constexpr std::size_t most_failures = 4096;
constexpr auto come_again = std::chrono::seconds(5);

Mirrored refusal(int status, std::string reason,
                 std::optional<std::chrono::seconds> retry_after = {}) {
  Mirrored mirrored{.how = How::refused};
  mirrored.status = status;
  mirrored.reason = std::move(reason);
  mirrored.retry_after = retry_after;
  return mirrored;
}

tree::Descriptor duplicate(const tree::Descriptor& file) {
  return tree::Descriptor(fcntl(file.number(), F_DUPFD_CLOEXEC, 0));
}

Mirrored no_descriptor() {
  return refusal(503, "The server has too many files open. Come again.", come_again);
}

Mirrored unopened(int error) {
  const auto* why = std::strerror(error);
  return refusal(503, fmt::format("The copy can't be opened: {}. Come again.", why), come_again);
}

/// Another hold on the bytes.
Mirrored answer_with(How how, const std::shared_ptr<const mirror::Entry>& entry,
                     const tree::Descriptor& file, std::shared_ptr<Growing> growing) {
  Mirrored mirrored{.how = how};
  mirrored.entry = entry;
  mirrored.file = duplicate(file);
  if (!mirrored.file) return no_descriptor();
  mirrored.growing = std::move(growing);
  return mirrored;
}

/// What those get for whom there is no copy.
Mirrored refusal_for(What what, int status, const std::string& reason) {
  switch (what) {
    case What::refused:
      return refusal(status == 403 || status == 404 || status == 410 ? status : 502,
                     fmt::format("The upstream does not give it: {}.", reason));
    case What::mismatch:
      return refusal(502, fmt::format("It is not the file that a profile wants: {}.", reason));
    default:
      return refusal(502, fmt::format("The upstream can't be asked: {}.", reason));
  }
}

/// Whether a copy may be served although its upstream gave no new one.
bool keeps_copy(What what, int status) {
  return what == What::failed || (what == What::refused && status != 404 && status != 410);
}

bool fits(const mirror::Entry& entry, const std::string& pin) {
  return pin.empty() || entry.sha256 == pin;
}

/// Whether the copy may be served without a question. `pin`: what its SHA-256 must be, or empty.
bool is_good(const mirror::Entry& entry, const std::string& pin, std::time_t now) {
  return pin.empty() ? entry.is_fresh(now) : entry.sha256 == pin;
}

}  // namespace

Mirror::Mirror(std::unique_ptr<mirror::Cache> cache, mirror::AllowList hosts,
               events::Stream& events, const MirrorTimes& times, const Waits& waits)
    : cache_(std::move(cache)),
      hosts_(std::move(hosts)),
      events_(events),
      times_(times),
      waits_(waits),
      pins_(std::make_shared<const Pins>()),
      clock_([this](const std::stop_token& stop) { send_away_the_patient(stop); }) {
  tell_evicted();
}

Mirror::~Mirror() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  clock_ = {};
  for (auto& worker : workers_) worker.request_stop();
  workers_.clear();
  for (const auto& [key, job] : jobs_) {
    for (const auto& waiter : job.waiting)
      waiter.done(refusal(503, "The server is stopping.", come_again));
  }
}

void Mirror::ask(const http::Url& url, Done done, const std::optional<std::string>& wanted) {
  if (!hosts_.allows(url)) {
    return done(refusal(403, fmt::format("--mirror does not allow {}.", url.authority())));
  }
  const auto key = url.text();
  const auto pin = wanted ? *wanted : pin_of(key);
  if (auto answer = answer_at_once(url, key, pin)) return done(std::move(*answer));
  if (auto answer = enqueue(url, key, pin, done)) done(std::move(*answer));
}

/// Nothing: its bytes are gone.
std::optional<Mirrored> Mirror::from_copy(const std::shared_ptr<const mirror::Entry>& entry,
                                          How how) {
  auto file = cache_->open(*entry);
  if (file) return answer_from(entry, std::move(*file), how);
  if (file.error() == ENOENT) return std::nullopt;
  return unopened(file.error());
}

Mirrored Mirror::answer_from(const std::shared_ptr<const mirror::Entry>& entry,
                             tree::Descriptor file, How how) {
  Mirrored mirrored{.how = how};
  mirrored.entry = entry;
  mirrored.file = std::move(file);
  ++hits_;
  if (how == How::stale) {
    ++stale_;
    events_.emit(events::mirror_stale,
                 {{"url", entry->url}, {"age_seconds", std::time(nullptr) - entry->validated}});
  }
  return mirrored;
}

/// The answer, if nobody must be asked for it.
std::optional<Mirrored> Mirror::answer_at_once(const http::Url& url, const std::string& key,
                                               const std::string& pin) {
  const auto entry = cache_->find(key);
  if (entry && is_good(*entry, pin, std::time(nullptr))) {
    if (auto answer = from_copy(entry, How::hit)) return answer;
  }
  std::optional<Failure> failure;
  {
    const std::lock_guard lock(mutex_);
    if (ending_) return refusal(503, "The server is stopping.", come_again);
    const auto job = jobs_.find(key);
    if (job != jobs_.end() && job->second.start && pin.empty()) {
      ++hits_;
      const auto& start = *job->second.start;
      return answer_with(How::joined, start.entry, start.file, start.growing);
    }
    if (job != jobs_.end()) return std::nullopt;
    if (const auto* known = failure_of(key, pin)) failure = *known;
    if (!failure && jobs_.size() >= most_jobs) {
      return refusal(503,
                     fmt::format("Too many files are being fetched; {} must wait.", url.text()),
                     come_again);
    }
  }
  if (!failure) return std::nullopt;
  if (keeps_copy(failure->what, failure->status) && entry && pin.empty()) {
    if (auto answer = from_copy(entry, How::stale)) return answer;
  }
  return refusal_for(failure->what, failure->status, failure->reason);
}

/// Lets it wait for the fetch of the file, which begins if it has not begun. An answer, if one came about meanwhile.
std::optional<Mirrored> Mirror::enqueue(const http::Url& url, const std::string& key,
                                        const std::string& pin, Done& done) {
  const std::lock_guard lock(mutex_);
  // A fetch that ended has left its file in the cache before it went.
  auto former = jobs_.contains(key) ? nullptr : cache_->find(key);
  if (former) {
    auto file = cache_->open(*former);
    if (!file && file.error() != ENOENT) return unopened(file.error());
    if (file && is_good(*former, pin, std::time(nullptr)))
      return answer_from(former, std::move(*file), How::hit);
    // The upstream must not be asked about a copy that can't be served.
    if (!file || !pin.empty()) former = nullptr;
  }
  const auto [job, is_new] = jobs_.try_emplace(key);
  if (job->second.start && pin.empty()) {
    ++hits_;
    const auto& start = *job->second.start;
    return answer_with(How::joined, start.entry, start.file, start.growing);
  }
  job->second.waiting.push_back(
      {std::move(done), Clock::now(), is_new ? How::miss : How::joined, pin});
  waited_.notify_one();
  if (!is_new) return std::nullopt;
  job->second.url = url;
  job->second.former = std::move(former);
  job->second.sha256 = pin;
  queue_.push_back(key);
  wake_worker();
  return std::nullopt;
}

/// The lock is held.
void Mirror::wake_worker() {
  // Of those that are idle some were woken for others already.
  if (idle_ < queue_.size() && workers_.size() < most_workers) {
    workers_.emplace_back([this](const std::stop_token& stop) { work(stop); });
  } else {
    queued_.notify_one();
  }
}

void Mirror::set_pins(std::shared_ptr<const Pins> pins) {
  cache_->set_pins(pins);
  const std::lock_guard lock(mutex_);
  pins_ = std::move(pins);
  // What was wrong may be right now.
  std::erase_if(failures_, [](const auto& known) { return known.second.what == What::mismatch; });
}

std::string Mirror::pin_of(const std::string& key) const {
  const std::lock_guard lock(mutex_);
  const auto found = pins_->find(key);
  return found == pins_->end() ? std::string() : found->second;
}

/// What forbids to ask again; null: nothing does. The lock is held.
const Mirror::Failure* Mirror::failure_of(const std::string& key, const std::string& pin) const {
  const auto found = failures_.find(key);
  if (found == failures_.end() || Clock::now() >= found->second.until) return nullptr;
  const auto& failure = found->second;
  // It may be the file that is wanted now.
  if (failure.what == What::mismatch && failure.pin != pin) return nullptr;
  return &failure;
}

Mirror::Counts Mirror::counts() const {
  const std::lock_guard lock(mutex_);
  return {.hits = hits_,
          .misses = misses_,
          .stale = stale_,
          .fetched = fetched_,
          .fetching = jobs_.size() - queue_.size()};
}

void Mirror::work(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    queued_.wait(lock, stop, [this] { return !queue_.empty(); });
    --idle_;
    if (stop.stop_requested()) return;
    const auto key = queue_.front();
    queue_.pop_front();
    lock.unlock();
    fetch(key, stop);
    lock.lock();
  }
}

void Mirror::fetch(const std::string& key, const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  // Whoever asked is only added to it meanwhile.
  const auto& job = jobs_.at(key);
  const auto url = job.url;
  const auto former = job.former;
  const auto sha256 = job.sha256;
  lock.unlock();
  const auto began = Clock::now();
  const auto end = fetch_into_mirror(
      {.client = client_, .cache = *cache_, .hosts = hosts_, .times = times_}, url, former, sha256,
      [&](MirrorStart start) { this->start(key, std::move(start)); }, stop);
  fetched_ += end.bytes;
  if (stop.stop_requested()) return;
  settle(key, end);
  const std::chrono::duration<double> took = Clock::now() - began;
  report(key, end, took.count());
  tell_evicted();
}

void Mirror::report(const std::string& key, const MirrorEnd& end, double seconds) {
  if (end.what == What::whole) {
    events_.emit(events::mirror_fetched, {{"url", key},
                                          {"size", end.entry->size},
                                          {"bytes", end.bytes},
                                          {"seconds", seconds},
                                          {"sha256", end.entry->sha256}});
  } else if (end.what != What::unchanged) {
    const auto& kind = end.what == What::mismatch  ? events::mirror_mismatch
                       : end.what == What::refused ? events::mirror_refused
                                                   : events::mirror_failed;
    events_.emit(kind, {{"url", key}, {"reason", end.reason}, {"bytes", end.bytes}});
  }
}

/// The file comes; it can be sent from now on, unless something forbids it.
void Mirror::start(const std::string& key, MirrorStart start) {
  events_.emit(events::mirror_fetching,
               {{"url", key}, {"size", start.entry->size}, {"have", start.entry->have}});
  if (!start.growing) return;
  std::vector<Waiter> waiting;
  std::vector<Mirrored> answers;
  {
    const std::lock_guard lock(mutex_);
    auto& job = jobs_.at(key);
    // Those who want a certain file wait until it is known to be that one.
    const auto pinned = std::ranges::partition(
        job.waiting, [](const Waiter& waiter) { return waiter.pin.empty(); });
    waiting.assign(std::make_move_iterator(job.waiting.begin()),
                   std::make_move_iterator(pinned.begin()));
    job.waiting.erase(job.waiting.begin(), pinned.begin());
    for (const auto& waiter : waiting)
      answers.push_back(answer_with(waiter.how, start.entry, start.file, start.growing));
    job.start = std::move(start);
  }
  for (std::size_t i = 0; i < waiting.size(); ++i) {
    ++(waiting[i].how == How::miss ? misses_ : hits_);
    waiting[i].done(std::move(answers[i]));
  }
}

/// The fetch has ended: whoever still waits gets what came of it.
void Mirror::settle(const std::string& key, const MirrorEnd& end) {
  if (end.what == What::refused && !keeps_copy(end.what, end.status)) cache_->drop(key);
  std::optional<Job> job;
  {
    const std::lock_guard lock(mutex_);
    job = std::move(jobs_.extract(key).mapped());
    remember(key, end, job->sha256);
  }
  for (const auto& waiter : job->waiting) waiter.done(outcome(end, waiter, *job));
}

Mirrored Mirror::outcome(const MirrorEnd& end, const Waiter& waiter, const Job& job) {
  if (end.what == What::mismatch && waiter.pin != job.sha256)
    return refusal(503, "Another version was wanted of it until now. Come again.", come_again);
  const bool failed = keeps_copy(end.what, end.status);
  const auto& entry = failed ? job.former : end.entry;
  if (!entry || (failed && !fits(*entry, waiter.pin)))
    return refusal_for(end.what, end.status, end.reason);
  if (!fits(*entry, waiter.pin)) {
    return refusal_for(What::mismatch, 0,
                       fmt::format("its SHA-256 is {}, not {}", entry->sha256, waiter.pin));
  }
  if (end.what == What::whole) {
    ++(waiter.how == How::miss ? misses_ : hits_);
    return answer_with(waiter.how, entry, end.file, nullptr);
  }
  auto answer = from_copy(entry, end.what == What::unchanged ? How::validated : How::stale);
  if (answer) return std::move(*answer);
  return refusal(503, "The copy went while the upstream was asked. Come again.", come_again);
}

/// The lock is held.
void Mirror::remember(const std::string& key, const MirrorEnd& end, const std::string& pin) {
  failures_.erase(key);
  if (end.what == What::whole || end.what == What::unchanged) return;
  const auto now = Clock::now();
  if (failures_.size() >= most_failures) {
    std::erase_if(failures_, [&](const auto& known) { return known.second.until <= now; });
    if (failures_.size() >= most_failures) failures_.clear();
  }
  failures_[key] = {end.what, end.status, end.reason, pin,
                    now + (end.what == What::mismatch ? waits_.mismatch : waits_.failure)};
}

/// Those who have waited for long come again; the fetch goes on.
void Mirror::send_away_the_patient(const std::stop_token& stop) {
  constexpr auto longest_tick = std::chrono::milliseconds(1000);
  const auto tick = std::min(waits_.answer / 8 + std::chrono::milliseconds(1), longest_tick);
  std::unique_lock lock(mutex_);
  while (waited_.wait(lock, stop, [this] { return !jobs_.empty(); }) && !stop.stop_requested()) {
    waited_.wait_for(lock, stop, tick, [] { return false; });
    const auto oldest = Clock::now() - waits_.answer;
    std::vector<Waiter> leaving;
    for (auto& [key, job] : jobs_) {
      std::erase_if(job.waiting, [&](Waiter& waiter) {
        if (waiter.since > oldest) return false;
        leaving.push_back(std::move(waiter));
        return true;
      });
    }
    lock.unlock();
    for (const auto& waiter : leaving) {
      waiter.done(
          refusal(503, "The file is being fetched, and is not here yet. Come again.", come_again));
    }
    lock.lock();
  }
}

void Mirror::tell_evicted() {
  for (const auto& entry : cache_->take_evicted())
    events_.emit(events::mirror_evicted, {{"url", entry.url}, {"size", entry.size}});
}

}  // namespace pixie::net
