#include "app/mirror_client.h"

#include <unistd.h>

#include <charconv>
#include <ctime>
#include <iostream>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "app/progress.h"
#include "mirror/cache.h"
#include "mirror/digest.h"
#include "mirror/location.h"
#include "net/http_client.h"
#include "net/mirror_fetch.h"
#include "net/mirror_site.h"

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
    if (!start.growing) return;
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

  Expected<Fetched> fetch(const http::Url& url, const std::optional<std::string>& sha256) override {
    const auto wanted = sha256.value_or("");
    auto progress = progress_for(url);
    auto former = cache_->find(url.text());
    if (former && !wanted.empty() && former->sha256 != wanted) former = nullptr;
    const bool good = former && (!wanted.empty() || former->is_fresh(std::time(nullptr)));
    net::MirrorEnd end;
    if (good) {
      end.what = net::MirrorEnd::What::unchanged;
      end.entry = former;
    } else {
      Watcher watcher(progress);
      end = net::fetch_into_mirror(
          {.client = client_, .cache = *cache_, .hosts = hosts_, .times = times_}, url, former,
          wanted, [&](const net::MirrorStart& start) { watcher.start(start); }, {});
    }
    if (!end.entry) {
      progress.end("failed");
      return fail(fmt::format("{}: {}", url.text(), end.reason));
    }
    Fetched fetched{.size = end.entry->size,
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

  Expected<Fetched> fetch(const http::Url& url, const std::optional<std::string>& sha256) override {
    constexpr int busy = 503;
    constexpr auto pause = seconds(3);
    // A file without a length, or with a sum, is not sent before it is whole.
    constexpr auto longest_wait = std::chrono::hours(1);
    const net::HttpClient::Patiences patient{.head = seconds(120), .silence = seconds(120)};
    auto progress = progress_for(url);
    const auto give_up = std::chrono::steady_clock::now() + longest_wait;
    for (bool told = false;;) {
      Answer answer(progress);
      const auto head = client_.download(question(url, sha256), answer, patient, {});
      if (head && answer.status == busy && std::chrono::steady_clock::now() < give_up) {
        if (!std::exchange(told, true)) std::cerr << said(url, answer) << '\n';
        std::this_thread::sleep_for(pause);
        continue;
      }
      auto fetched = result(url, sha256.value_or(""), answer, head);
      progress.end(fetched ? ending(*fetched) : "failed");
      return fetched;
    }
  }

  bool is_running() const override { return true; }

 private:
  net::HttpQuestion question(const http::Url& url, const std::optional<std::string>& sha256) const {
    net::HttpQuestion question{.url = server_};
    question.url.target = mirror::path_of(url);
    if (sha256) {
      const auto wanted = sha256->empty() ? net::wanted_any : std::string_view(*sha256);
      question.headers.emplace_back(net::wanted_field, wanted);
    }
    return question;
  }

  static std::string said(const http::Url& url, const Answer& answer) {
    return fmt::format("{}: the pixie that runs says: {}", url.text(),
                       answer.sentence.substr(0, answer.sentence.find('\n')));
  }

  static Expected<Fetched> result(const http::Url& url, const std::string& sha256,
                                  const Answer& answer, const Expected<net::HttpAnswer>& head) {
    if (!head) return fail(fmt::format("the pixie that runs: {}", head.error().text));
    if (answer.status != 200) return fail(said(url, answer));
    Fetched fetched{.size = answer.size, .sha256 = answer.hash.hex(), .was_here = answer.was_here};
    if (!sha256.empty() && fetched.sha256 != sha256) {
      return fail(
          fmt::format("{}: the pixie that runs sends one whose SHA-256 is {}, not {}. If a profile "
                      "names the former, take it out there, or stop pixie meanwhile",
                      url.text(), fetched.sha256, sha256));
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
  if (!folder) {
    return fail(fmt::format("{}. Name a folder that you may write to by --mirror-dir",
                            folder.error().text));
  }
  if (!*folder) {
    auto server = running_pixie(settings);
    if (!server) return std::unexpected(server.error());
    return std::make_unique<ServerClient>(std::move(*server));
  }
  auto cache = mirror::Cache::open(std::move(**folder), {.bytes = settings.mirror_bytes});
  if (!cache) return std::unexpected(cache.error());
  auto allowed = mirror::AllowList::parse(hosts);
  if (!allowed) return std::unexpected(allowed.error());
  allowed->add(settings.mirror);
  return std::make_unique<FolderClient>(std::move(*cache), std::move(*allowed));
}

}  // namespace pixie::app
