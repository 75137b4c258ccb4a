#include "net/upstream_client.h"

#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "events/catalogue.h"
#include "upstream/boot_answer.h"

namespace pixie::net {
namespace {

constexpr std::size_t worker_count = 4;
constexpr std::size_t max_questions = 1000;
constexpr std::size_t max_answers = 4096;
constexpr std::size_t max_body_bytes = 64 * 1024;

http::Url checked(const std::string& base) {
  auto url = http::Url::parse(base);
  if (!url) throw std::invalid_argument(url.error().text);
  return std::move(*url);
}

}  // namespace

UpstreamClient::UpstreamClient(const std::string& base, events::Stream& events, const Times& times)
    : base_(checked(base)), times_(times), events_(events) {
  for (std::size_t i = 0; i < worker_count; ++i)
    workers_.emplace_back([this](const std::stop_token& stop) { work(stop); });
}

UpstreamClient::~UpstreamClient() {
  for (auto& worker : workers_) worker.request_stop();
  workers_.clear();
  for (const auto& [mac, question] : questions_) {
    for (const auto& done : question.waiting) done(std::nullopt);
  }
}

void UpstreamClient::ask(const wire::Mac& mac, Done done) {
  std::optional<std::string> script;
  {
    const std::lock_guard lock(mutex_);
    if (const auto* answer = younger_than(mac, times_.fresh)) {
      script = answer->script;
    } else if (const auto asked = questions_.find(mac); asked != questions_.end()) {
      asked->second.waiting.push_back(std::move(done));
      return;
    } else if (questions_.size() < max_questions) {
      questions_[mac] = {Clock::now(), {std::move(done)}};
      queue_.push_back(mac);
      filled_.notify_one();
      return;
    } else {
      const auto* former = younger_than(mac, times_.stale);
      report(mac, "too many machines wait for it", former);
      if (former) script = former->script;
    }
  }
  done(std::move(script));
}

std::optional<std::optional<std::string>> UpstreamClient::last_heard(const wire::Mac& mac) const {
  const std::lock_guard lock(mutex_);
  const auto* answer = younger_than(mac, times_.stale);
  if (!answer) return std::nullopt;
  return std::optional<std::optional<std::string>>(std::in_place, answer->script);
}

void UpstreamClient::work(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (filled_.wait(lock, stop, [this] { return !queue_.empty(); }) && !stop.stop_requested()) {
    const auto mac = queue_.front();
    queue_.pop_front();
    const bool in_time = Clock::now() < questions_[mac].asked + times_.turn;
    lock.unlock();
    auto answer =
        in_time ? ask_server(mac, stop) : fail("too slow for all the machines that wait for it");
    lock.lock();
    // Whoever ends us is not told a failure that it is the cause of.
    if (stop.stop_requested()) return;
    const auto script = settle(mac, std::move(answer));
    const auto waiting = std::move(questions_.extract(mac).mapped().waiting);
    lock.unlock();
    for (const auto& done : waiting) done(script);
    lock.lock();
  }
}

Expected<std::optional<std::string>> UpstreamClient::ask_server(const wire::Mac& mac,
                                                                const std::stop_token& stop) const {
  const auto answer = client_.ask(
      {.url = upstream::boot_url(base_, mac), .headers = {{"Accept", "application/json"}}},
      {.time = times_.patience, .body_bytes = max_body_bytes}, stop);
  if (!answer) return std::unexpected(answer.error());
  auto script = upstream::read_boot_answer(base_, answer->status, answer->body);
  if (!script) return fail(fmt::format("{}: {}", base_.authority(), script.error().text));
  return script;
}

/// What those who wait get. The lock is held.
std::optional<std::string> UpstreamClient::settle(const wire::Mac& mac,
                                                  Expected<std::optional<std::string>> answer) {
  if (answer) {
    keep(mac, {*answer, Clock::now()});
    return std::move(*answer);
  }
  const auto* former = younger_than(mac, times_.stale);
  report(mac, answer.error().text, former);
  return former ? former->script : std::nullopt;
}

/// When there are too many, those go that serve for a failure only; then all.
void UpstreamClient::keep(const wire::Mac& mac, Answer answer) {
  if (answers_.size() >= max_answers && !answers_.contains(mac)) {
    const auto oldest = Clock::now() - times_.fresh;
    std::erase_if(answers_, [&](const auto& entry) { return entry.second.when < oldest; });
    if (answers_.size() >= max_answers) answers_.clear();
  }
  answers_[mac] = std::move(answer);
}

void UpstreamClient::report(const wire::Mac& mac, const std::string& reason, const Answer* former) {
  events_.emit(events::upstream_failed, {{"mac", mac.colons()}, {"reason", reason}});
  if (!former) return;
  const auto age = std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - former->when);
  events_.emit(events::upstream_stale, {{"mac", mac.colons()}, {"age_seconds", age.count()}});
}

const UpstreamClient::Answer* UpstreamClient::younger_than(const wire::Mac& mac,
                                                           std::chrono::milliseconds age) const {
  const auto found = answers_.find(mac);
  return found != answers_.end() && Clock::now() - found->second.when < age ? &found->second
                                                                            : nullptr;
}

}  // namespace pixie::net
