#include "app/mirror_client.h"

#include <unistd.h>

#include <charconv>
#include <ctime>
#include <iostream>
#include <thread>

#include <fmt/format.h>

#include "app/progress.h"
#include "mirror/cache.h"
#include "mirror/digest.h"
#include "mirror/location.h"
#include "net/http_client.h"
#include "net/mirror_fetch.h"

namespace pixie::app {
namespace {

using std::chrono::seconds;

/// The last part of the URL's path.
std::string name_of(const http::Url& url) {
  const auto path = url.target.substr(0, url.target.find('?'));
  const auto name = path.substr(path.rfind('/') + 1);
  return name.empty() ? url.authority() : name;
}

Progress progress_for(const http::Url& url) {
  return {std::cerr, name_of(url), isatty(STDERR_FILENO) != 0};
}

std::string ending(const MirrorClient::Fetched& fetched) {
  return fmt::format("{}{}", size_text(fetched.size), fetched.was_here ? ", was here" : "");
}

/// Draws the progress of a growing file until it goes.
class Watcher {
 public:
  explicit Watcher(Progress& progress) : progress_(progress) {}

  void start(const net::MirrorStart& start) {
    thread_ = std::jthread(
        [this, growing = start.growing, total = start.entry->size](const std::stop_token& stop) {
          constexpr auto tick = std::chrono::milliseconds(100);
          while (!stop.stop_requested()) {
            progress_.show(growing->look(0, [] {}).size, total);
            std::this_thread::sleep_for(tick);
          }
        });
  }

 private:
  Progress& progress_;
  std::jthread thread_;
};

/// Works on the folder itself.
class FolderClient final : public MirrorClient {
 public:
  FolderClient(std::unique_ptr<mirror::Cache> cache, mirror::AllowList hosts)
      : cache_(std::move(cache)), hosts_(std::move(hosts)) {}

  Expected<Fetched> fetch(const http::Url& url, const std::string& sha256) override {
    auto progress = progress_for(url);
    auto former = cache_->find(url.text());
    if (former && !sha256.empty() && former->sha256 != sha256) former = nullptr;
    const bool good = former && (!sha256.empty() || former->is_fresh(std::time(nullptr)));
    net::MirrorEnd end;
    if (good) {
      end.what = net::MirrorEnd::What::unchanged;
      end.entry = former;
    } else {
      Watcher watcher(progress);
      end = net::fetch_into_mirror(
          {.client = client_, .cache = *cache_, .hosts = hosts_, .times = times_}, url, former,
          sha256, [&](const net::MirrorStart& start) { watcher.start(start); }, {});
    }
    if (!end.entry) {
      progress.end("failed");
      return fail(fmt::format("{}: {}", url.text(), end.reason));
    }
    const Fetched fetched{.size = end.entry->size,
                          .sha256 = end.entry->sha256,
                          .was_here = end.what == net::MirrorEnd::What::unchanged};
    progress.end(ending(fetched));
    return fetched;
  }

  bool is_running() const override { return false; }

 private:
  const std::unique_ptr<mirror::Cache> cache_;
  const mirror::AllowList hosts_;
  const net::HttpClient client_;
  const net::MirrorTimes times_{};
};

/// Takes an answer of the running pixie, and looks at its bytes as they come.
class Answer final : public net::HttpReceiver {
 public:
  explicit Answer(Progress& progress) : progress_(progress) {}

  Expected<void> may_ask(const http::Url& /*url*/) override { return {}; }
  bool may_connect(const http::Url& /*url*/, const wire::IpAddress& /*address*/) override {
    return true;
  }
  bool take_head(const net::HttpAnswer& answer) override {
    status = answer.status;
    const auto length = answer.fields.find("Content-Length").value_or("");
    std::uint64_t number = 0;
    if (std::from_chars(length.begin(), length.end(), number).ec == std::errc{}) total_ = number;
    was_here = answer.fields.find("Cache-Status").value_or("").contains("hit");
    return true;
  }
  bool take_body(std::string_view bytes) override {
    constexpr std::size_t sentence_limit = 1000;
    if (status != 200) {
      sentence.append(bytes.substr(0, sentence_limit - std::min(sentence.size(), sentence_limit)));
      return true;
    }
    hash.add(bytes);
    size += bytes.size();
    progress_.show(size, total_);
    return true;
  }

  int status = 0;
  std::uint64_t size = 0;
  bool was_here = false;
  std::string sentence;
  mirror::Sha256 hash;

 private:
  Progress& progress_;
  std::optional<std::uint64_t> total_;
};

/// Asks the pixie that has the folder.
class ServerClient final : public MirrorClient {
 public:
  explicit ServerClient(http::Url server) : server_(std::move(server)) {}

  Expected<Fetched> fetch(const http::Url& url, const std::string& sha256) override {
    constexpr int busy = 503;
    constexpr auto pause = seconds(3);
    const net::HttpClient::Patiences patient{.head = seconds(120), .silence = seconds(120)};
    auto progress = progress_for(url);
    for (;;) {
      Answer answer(progress);
      auto question = server_;
      question.target = mirror::path_of(url);
      const auto head = client_.download({.url = question}, answer, patient, {});
      if (head && answer.status == busy) {
        std::this_thread::sleep_for(pause);
        continue;
      }
      auto fetched = result(url, sha256, answer, head);
      progress.end(fetched ? ending(*fetched) : "failed");
      return fetched;
    }
  }

  bool is_running() const override { return true; }

 private:
  static Expected<Fetched> result(const http::Url& url, const std::string& sha256,
                                  const Answer& answer, const Expected<net::HttpAnswer>& head) {
    if (!head) return fail(fmt::format("the pixie that runs: {}", head.error().text));
    if (answer.status != 200) {
      const auto sentence = answer.sentence.substr(0, answer.sentence.find('\n'));
      return fail(fmt::format("{}: the pixie that runs says: {}", url.text(), sentence));
    }
    Fetched fetched{.size = answer.size, .sha256 = answer.hash.hex(), .was_here = answer.was_here};
    if (!sha256.empty() && fetched.sha256 != sha256) {
      return fail(fmt::format("{}: its SHA-256 is {}, not {}", url.text(), fetched.sha256, sha256));
    }
    return fetched;
  }

  const http::Url server_;
  const net::HttpClient client_;
};

/// By loopback unless it listens on one address only.
Expected<http::Url> running_pixie(const Settings& settings) {
  const auto& http = settings.server.http_endpoints.front();
  const auto host =
      http.address.is_unspecified() ? std::string("127.0.0.1") : http.address.url_host();
  return http::Url::parse(fmt::format("http://{}:{}", host, http.port == 0 ? 80 : http.port));
}

}  // namespace

Expected<std::unique_ptr<MirrorClient>> MirrorClient::open(const Settings& settings,
                                                           const std::string& hosts) {
  auto folder = mirror::Folder::take(settings.mirror_folder);
  if (!folder || !*folder) {
    auto server = running_pixie(settings);
    if (!server) return std::unexpected(server.error());
    return std::make_unique<ServerClient>(std::move(*server));
  }
  auto cache = mirror::Cache::open(std::move(**folder), {.bytes = settings.mirror_bytes});
  if (!cache) return std::unexpected(cache.error());
  auto allowed = mirror::AllowList::parse(hosts);
  if (!allowed) return std::unexpected(allowed.error());
  return std::make_unique<FolderClient>(std::move(*cache), std::move(*allowed));
}

}  // namespace pixie::app
