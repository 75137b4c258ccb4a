// The mirror: files of other servers, fetched once, kept, and served from then on. Loops ask; threads of its own fetch.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "events/stream.h"
#include "http/url.h"
#include "mirror/allow_list.h"
#include "mirror/cache.h"
#include "net/growing.h"
#include "net/http_client.h"
#include "net/mirror_fetch.h"
#include "net/timer_wheel.h"
#include "wire/error.h"

namespace pixie::net {

/// A file to send, or why there is none.
struct Mirrored {
  enum class How : std::uint8_t {
    /// It was here, and good.
    hit,
    /// It is being fetched for somebody already.
    joined,
    /// It was here, and the upstream said that it is still good.
    validated,
    miss,
    /// It was here, and whether it is still good can't be asked.
    stale,
    refused,
  };
  How how = How::refused;
  std::shared_ptr<const mirror::Entry> entry = {};
  tree::Descriptor file = {};
  /// Null: it is all there.
  std::shared_ptr<Growing> growing = {};
  /// Of refused: the answer's status, a sentence, and when to come again, if that may help.
  int status = 0;
  std::string reason = {};
  std::optional<std::chrono::seconds> retry_after = {};
};

/// May be used from any thread.
class Mirror {
 public:
  using Done = std::function<void(Mirrored)>;
  /// What a URL's file must be: SHA-256 in lower-case hexadecimal digits by URL in the form of mirror::url_of().
  using Pins = mirror::Cache::Pins;

  struct Waits {
    /// Whoever waits for longer is told to come again: iPXE gives up after 120 s of silence.
    std::chrono::milliseconds answer = std::chrono::seconds(60);
    /// For so long nothing is asked again after it failed.
    std::chrono::milliseconds failure = std::chrono::seconds(5);
    /// And after a file was not what it was said to be.
    std::chrono::milliseconds mismatch = std::chrono::minutes(1);
  };

  /// The stream outlives it.
  Mirror(std::unique_ptr<mirror::Cache> cache, mirror::AllowList hosts, events::Stream& events,
         const MirrorTimes& times, const Waits& waits);
  /// Calls back whoever still waits.
  ~Mirror();
  Mirror(const Mirror&) = delete;

  /// The URL is one of mirror::url_of(). Calls back once: at once from the asking thread, or later from another one.
  /// Those who ask for one file at the same time share one fetch, which goes on when they leave. `wanted`: what its SHA-256
  /// must be, instead of what is pinned; empty: whatever comes.
  void ask(const http::Url& url, Done done, const std::optional<std::string>& wanted = {});
  void set_pins(std::shared_ptr<const Pins> pins);

  struct Counts {
    std::uint64_t hits = 0;
    std::uint64_t misses = 0;
    std::uint64_t stale = 0;
    /// Bytes from upstreams.
    std::uint64_t fetched = 0;
    /// Files that are being fetched now.
    std::size_t fetching = 0;
  };
  Counts counts() const;
  const mirror::Cache& cache() const { return *cache_; }

 private:
  struct Waiter {
    Done done;
    TimePoint since;
    Mirrored::How how;
    /// What the SHA-256 of its file must be; empty: whatever comes.
    std::string pin;
  };
  struct Job {
    http::Url url;
    std::shared_ptr<const mirror::Entry> former;
    /// The pin of whoever began it.
    std::string sha256;
    std::vector<Waiter> waiting;
    /// Once it can be sent while it comes.
    std::optional<MirrorStart> start;
  };
  struct Failure {
    MirrorEnd::What what;
    int status = 0;
    std::string reason;
    /// Of mismatch: what was wanted.
    std::string pin;
    TimePoint until;
  };

  std::optional<Mirrored> answer_at_once(const http::Url& url, const std::string& key,
                                         const std::string& pin);
  std::optional<Mirrored> from_copy(const std::shared_ptr<const mirror::Entry>& entry,
                                    Mirrored::How how);
  Mirrored answer_from(const std::shared_ptr<const mirror::Entry>& entry, tree::Descriptor file,
                       Mirrored::How how);
  std::optional<Mirrored> enqueue(const http::Url& url, const std::string& key,
                                  const std::string& pin, Done& done);
  void wake_worker();
  std::string pin_of(const std::string& key) const;
  const Failure* failure_of(const std::string& key, const std::string& pin) const;
  void work(const std::stop_token& stop);
  void fetch(const std::string& key, const std::stop_token& stop);
  void start(const std::string& key, MirrorStart start);
  void report(const std::string& key, const MirrorEnd& end, double seconds);
  void settle(const std::string& key, const MirrorEnd& end);
  Mirrored outcome(const MirrorEnd& end, const Waiter& waiter, const Job& job);
  void remember(const std::string& key, const MirrorEnd& end, const std::string& pin);
  void send_away_the_patient(const std::stop_token& stop);
  void tell_evicted();

  const std::unique_ptr<mirror::Cache> cache_;
  const mirror::AllowList hosts_;
  events::Stream& events_;
  const MirrorTimes times_;
  const Waits waits_;
  const HttpClient client_;

  std::atomic<std::uint64_t> hits_ = 0;
  std::atomic<std::uint64_t> misses_ = 0;
  std::atomic<std::uint64_t> stale_ = 0;
  std::atomic<std::uint64_t> fetched_ = 0;

  mutable std::mutex mutex_;
  std::condition_variable_any queued_;
  std::condition_variable_any waited_;
  std::shared_ptr<const Pins> pins_;
  std::unordered_map<std::string, Job> jobs_;
  std::deque<std::string> queue_;
  std::unordered_map<std::string, Failure> failures_;
  std::size_t idle_ = 0;
  bool ending_ = false;
  std::vector<std::jthread> workers_;
  std::jthread clock_;
};

}  // namespace pixie::net
