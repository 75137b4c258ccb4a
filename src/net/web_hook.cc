#include "net/web_hook.h"

#include <array>
#include <stdexcept>
#include <utility>
#include <variant>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "events/catalogue.h"

namespace pixie::net {
namespace {

using nlohmann::ordered_json;

constexpr std::size_t max_waiting = 1000;
constexpr std::size_t max_answer_bytes = 64 * 1024;
constexpr int tries = 3;
constexpr int pause_growth = 4;

std::string rfc3339(std::chrono::system_clock::time_point when) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(when);
  const auto rest = std::chrono::duration_cast<std::chrono::milliseconds>(when - seconds);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)), rest.count());
}

std::string json_text(const events::Record& record) {
  auto fields = ordered_json::object();
  for (const auto& field : record.fields) {
    std::visit([&](const auto& value) { fields[std::string(field.name)] = value; }, field.value);
  }
  const ordered_json message{
      {"event", record.kind.id}, {"time", rfc3339(record.when)}, {"fields", std::move(fields)}};
  // A machine may call itself by bytes that are no text.
  return message.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

http::Url checked(const std::string& text) {
  auto url = http::Url::parse(text);
  if (!url) throw std::invalid_argument(url.error().text);
  return std::move(*url);
}

}  // namespace

WebHook::WebHook(const std::string& url, events::Stream& events, const Times& times)
    : url_(checked(url)),
      times_(times),
      events_(events),
      sender_([this](const std::stop_token& stop) { send_all(stop); }) {}

WebHook::~WebHook() = default;

void WebHook::finish(std::chrono::milliseconds grace) {
  std::unique_lock lock(mutex_);
  if (idle_.wait_for(lock, grace, [this] { return waiting_.empty() && !sending_; })) return;
  const auto left = waiting_.size() + (sending_ ? 1 : 0);
  lock.unlock();
  events_.emit(
      events::webhook_failed,
      {{"reason", "too slow: pixie ends, and the last ones were left out"}, {"count", left}});
}

bool WebHook::wants(const events::Kind& kind) const {
  return kind.id.starts_with("boot.") || kind.id.starts_with("machine.");
}

void WebHook::take(const events::Record& record) {
  Message message{std::string(record.kind.id), json_text(record)};
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() == max_waiting) {
      waiting_.pop_front();
      ++dropped_;
    }
    waiting_.push_back(std::move(message));
  }
  changed_.notify_one();
}

void WebHook::send_all(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (changed_.wait(lock, stop, [this] { return !waiting_.empty(); }) &&
         !stop.stop_requested()) {
    const auto message = std::move(waiting_.front());
    waiting_.pop_front();
    sending_ = true;
    const auto dropped = std::exchange(dropped_, 0);
    lock.unlock();
    if (dropped > 0) {
      events_.emit(events::webhook_failed,
                   {{"reason", "too slow: the oldest were left out"}, {"count", dropped}});
    }
    send(message, stop);
    lock.lock();
    sending_ = false;
    idle_.notify_all();
  }
}

void WebHook::send(const Message& message, const std::stop_token& stop) {
  auto pause = times_.pause;
  for (int count = 1;; ++count) {
    const auto failure = post(message.body, stop);
    if (!failure || stop.stop_requested()) return;
    if (failure->is_final || count == tries) {
      events_.emit(events::webhook_failed,
                   {{"step", message.event}, {"reason", failure->reason}, {"count", 1}});
      return;
    }
    std::unique_lock lock(mutex_);
    // Only a stop ends the pause early.
    changed_.wait_for(lock, stop, pause, [] { return false; });
    pause *= pause_growth;
  }
}

std::optional<WebHook::Failure> WebHook::post(const std::string& body,
                                              const std::stop_token& stop) const {
  constexpr int request_timeout = 408;
  constexpr int too_many_requests = 429;
  const auto answer = client_.ask({.method = "POST",
                                   .url = url_,
                                   .headers = {{"Content-Type", "application/json"}},
                                   .body = body},
                                  {.time = times_.patience, .body_bytes = max_answer_bytes}, stop);
  if (!answer) return Failure{answer.error().text, false};
  const int status = answer->status;
  if (status >= 200 && status < 300) return std::nullopt;
  const bool is_final = status < 500 && status != request_timeout && status != too_many_requests;
  return Failure{fmt::format("{} answers with HTTP status {}", url_.authority(), status), is_final};
}

}  // namespace pixie::net
