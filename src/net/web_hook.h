// The web hook: each step of each boot is told to a URL of the owner's, in order, by POST of
// {"event": id, "time": RFC 3339, "fields": {…}}.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "events/stream.h"
#include "net/http_client.h"

namespace pixie::net {

/// Sends from a thread of its own. Events of the kinds `boot.…` and `machine.…` are wanted. At most 1,000 wait; then
/// the oldest goes, and is counted.
class WebHook final : public events::View {
 public:
  struct Times {
    /// For one try.
    std::chrono::milliseconds patience = std::chrono::seconds(10);
    /// Before the second of three tries; before the third it is four times as long.
    std::chrono::milliseconds pause = std::chrono::seconds(1);
  };

  /// Throws std::invalid_argument if `url` is none (http::Url). The stream, where failures are told, must outlive it.
  WebHook(const std::string& url, events::Stream& events) : WebHook(url, events, Times{}) {}
  WebHook(const std::string& url, events::Stream& events, const Times& times);
  /// What still waits is not sent.
  ~WebHook() override;
  WebHook(const WebHook&) = delete;

  /// Before the end: waits until all that was taken is sent, or given up, but for `grace` at most; what is left then is
  /// told as a failure.
  void finish(std::chrono::milliseconds grace);

  bool wants(const events::Kind& kind) const override;
  void take(const events::Record& record) override;

 private:
  struct Message {
    std::string event;
    std::string body;
  };

  void send_all(const std::stop_token& stop);
  void send(const Message& message, const std::stop_token& stop);
  /// What went wrong, and whether another try may help.
  struct Failure {
    std::string reason;
    bool is_final;
  };
  std::optional<Failure> post(const std::string& body, const std::stop_token& stop) const;

  const http::Url url_;
  const Times times_;
  events::Stream& events_;
  const HttpClient client_;

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<Message> waiting_;
  bool sending_ = false;
  std::condition_variable idle_;
  std::uint64_t dropped_ = 0;
  std::jthread sender_;
};

}  // namespace pixie::net
