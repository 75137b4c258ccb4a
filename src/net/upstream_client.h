// Asks a server that speaks Pixiecore's API (upstream/boot_answer.h) what machines boot, for loops that can't wait.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "events/stream.h"
#include "net/http_client.h"
#include "net/timer_wheel.h"
#include "wire/mac.h"

namespace pixie::net {

/// May be used from any thread. An answer serves for a few seconds, because a machine asks more than once in a boot;
/// and for an hour if the server can't be asked again.
class UpstreamClient {
 public:
  struct Times {
    /// For one question to the server.
    std::chrono::milliseconds patience = std::chrono::seconds(2);
    /// For a question that waits behind others.
    std::chrono::milliseconds turn = std::chrono::seconds(10);
    std::chrono::milliseconds fresh = std::chrono::seconds(5);
    std::chrono::milliseconds stale = std::chrono::hours(1);
  };
  /// A script; nothing if the server has none for the machine, or can't be asked and wasn't lately.
  using Done = std::function<void(std::optional<std::string>)>;

  /// Throws std::invalid_argument if `base` is no URL (http::Url). The stream must outlive it.
  UpstreamClient(const std::string& base, events::Stream& events)
      : UpstreamClient(base, events, Times{}) {}
  UpstreamClient(const std::string& base, events::Stream& events, const Times& times);
  /// Calls back, with nothing, whoever still waits.
  ~UpstreamClient();
  UpstreamClient(const UpstreamClient&) = delete;

  /// Calls back once: at once from the asking thread, or later from another one. Those who ask for one machine at the
  /// same time share one question.
  void ask(const wire::Mac& mac, Done done);

  /// What the server said last of the machine, a script or nothing, without asking it now; nothing at all if it never
  /// answered, or longer ago than answers are kept.
  std::optional<std::optional<std::string>> last_heard(const wire::Mac& mac) const;

 private:
  struct Answer {
    std::optional<std::string> script;
    TimePoint when;
  };
  struct Question {
    TimePoint asked;
    std::vector<Done> waiting;
  };

  void work(const std::stop_token& stop);
  Expected<std::optional<std::string>> ask_server(const wire::Mac& mac,
                                                  const std::stop_token& stop) const;
  std::optional<std::string> settle(const wire::Mac& mac,
                                    Expected<std::optional<std::string>> answer);
  void keep(const wire::Mac& mac, Answer answer);
  void report(const wire::Mac& mac, const std::string& reason, const Answer* former);
  const Answer* younger_than(const wire::Mac& mac, std::chrono::milliseconds age) const;

  const http::Url base_;
  const Times times_;
  events::Stream& events_;
  const HttpClient client_;

  mutable std::mutex mutex_;
  std::condition_variable_any filled_;
  /// Each machine that is asked for, and those of them that no worker has taken yet.
  std::map<wire::Mac, Question> questions_;
  std::deque<wire::Mac> queue_;
  std::unordered_map<wire::Mac, Answer> answers_;
  std::vector<std::jthread> workers_;
};

}  // namespace pixie::net
