#include "net/mirror_fetch.h"

#include <fcntl.h>

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <ctime>
#include <mutex>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "mirror/freshness.h"
#include "net/timer_wheel.h"

namespace pixie::net {
namespace {

using mirror::Entry;
using What = MirrorEnd::What;

constexpr int status_ok = 200;
constexpr int status_partial = 206;
constexpr int status_not_modified = 304;

/// What a crash may cost of a file that is fetched.
constexpr std::uint64_t save_step = 64 << 20;

tree::Descriptor duplicate(int descriptor) {
  return tree::Descriptor(fcntl(descriptor, F_DUPFD_CLOEXEC, 0));
}

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.begin(), text.end(), number);
  if (error != std::errc{} || end != text.end()) return std::nullopt;
  return number;
}

/// Of the whole body; nothing where only its end will tell.
std::optional<std::uint64_t> length_of(const HttpAnswer& answer) {
  if (answer.fields.find("Transfer-Encoding")) return std::nullopt;
  const auto length = answer.fields.find_single("Content-Length");
  return length ? number_of(*length) : std::nullopt;
}

std::string field(const HttpAnswer& answer, std::string_view name) {
  return mirror::fit(answer.fields.find_single(name).value_or(""));
}

/// One file on its way; what connections bring of it, one after the other.
class Fetch final : public HttpReceiver {
 public:
  Fetch(const MirrorTools& tools, const http::Url& url, std::shared_ptr<const Entry> former,
        const std::string& sha256, const std::function<void(MirrorStart)>& on_start)
      : tools_(tools),
        url_(url),
        former_(std::move(former)),
        sha256_(sha256),
        on_start_(on_start),
        progress_(Clock::now()) {}

  MirrorEnd run(const std::stop_token& stop) {
    resume_part();
    auto pause = tools_.times.pause;
    for (;;) {
      const auto before = bytes_;
      const auto answer = tools_.client.download(question(), *this, patiences(), stop);
      if (end_) return finished(std::move(*end_));
      if (answer && has_all()) return finished(complete());
      const auto reason =
          answer ? fmt::format("{} sent less than it said", url_.authority()) : answer.error().text;
      if (bytes_ > before) pause = tools_.times.pause;
      if (!can_go_on(stop, pause)) return finished(failed(reason));
      wait(stop, pause);
      pause *= 2;
    }
  }

  Expected<void> may_ask(const http::Url& url) override {
    if (tools_.hosts.allows(url)) return {};
    return fail(fmt::format("--mirror does not allow {}", url.authority()));
  }

  bool may_connect(const http::Url& url, const wire::IpAddress& address) override {
    return tools_.hosts.allows(url, address);
  }

  bool take_head(const HttpAnswer& answer) override {
    now_ = std::time(nullptr);
    head_ = mirror::freshness(answer.fields, now_);
    if (answer.status == status_not_modified && former_ && !draft_) {
      end_ = MirrorEnd{.what = What::unchanged,
                       .entry = tools_.cache.renew(*former_, now_, head_.seconds)};
    } else if (answer.status == status_partial && draft_) {
      go_on(answer);
    } else if (answer.status == status_ok) {
      begin(answer);
    } else {
      refuse(answer.status);
    }
    return !end_;
  }

  bool take_body(std::string_view bytes) override {
    if (length_known_ && bytes.size() > draft_->entry().size - draft_->size()) {
      end_ = failed("the upstream sent more than it said");
      wrong_ = true;
      return false;
    }
    if (auto taken = tools_.cache.append(*draft_, bytes); !taken) {
      end_ = failed(std::move(taken.error().text));
      return false;
    }
    bytes_ += bytes.size();
    progress_ = Clock::now();
    if (growing_) growing_->grow(draft_->size());
    if (draft_->size() < draft_->entry().have + save_step) return true;
    return save();
  }

 private:
  /// What was interrupted before, maybe by the end of pixie.
  void resume_part() {
    const auto part = tools_.cache.part(url_.text());
    if (!part || part->validator().empty() || part->have == 0 || part->have == part->size) return;
    auto draft = tools_.cache.resume(*part);
    if (!draft) return;
    draft_.emplace(std::move(*draft));
    length_known_ = true;
  }

  HttpQuestion question() const {
    HttpQuestion question{.url = url_, .headers = {{"Accept-Encoding", "identity"}}};
    auto& headers = question.headers;
    if (draft_) {
      headers.emplace_back("Range", fmt::format("bytes={}-", draft_->size()));
      headers.emplace_back("If-Range", draft_->entry().validator());
    } else if (former_ && !former_->etag.empty()) {
      headers.emplace_back("If-None-Match", former_->etag);
    } else if (former_ && !former_->modified.empty()) {
      headers.emplace_back("If-Modified-Since", former_->modified);
    }
    return question;
  }

  HttpClient::Patiences patiences() const {
    auto patiences = tools_.times.patiences;
    if (former_ && !growing_) patiences.head = tools_.times.head_with_copy;
    return patiences;
  }

  /// The file from its beginning.
  void begin(const HttpAnswer& answer) {
    if (growing_) {
      end_ = failed("the file changed while it was fetched");
      return;
    }
    if (draft_) tools_.cache.leave(*draft_, false);
    draft_.reset();
    const auto length = length_of(answer);
    auto draft = tools_.cache.begin({.url = url_.text(),
                                     .size = length.value_or(0),
                                     .etag = field(answer, "ETag"),
                                     .modified = field(answer, "Last-Modified"),
                                     .type = field(answer, "Content-Type"),
                                     .fetched = now_,
                                     .validated = now_,
                                     .fresh = head_.seconds});
    if (!draft) {
      end_ = failed(std::move(draft.error().text));
      return;
    }
    draft_.emplace(std::move(*draft));
    length_known_ = length.has_value();
    tell_start();
  }

  /// The rest of the file.
  void go_on(const HttpAnswer& answer) {
    const auto& entry = draft_->entry();
    const auto expected = fmt::format("bytes {}-{}/{}", draft_->size(), entry.size - 1, entry.size);
    const auto etag = field(answer, "ETag");
    const bool same = etag.empty() || entry.etag.empty() || etag == entry.etag;
    if (!same || answer.fields.find_single("Content-Range") != expected) {
      end_ = failed("the upstream sent another part of the file than it was asked for");
      wrong_ = true;
      return;
    }
    tell_start();
  }

  void refuse(int status) {
    const bool is_final = status / 100 == 4 && status != 408 && status != 416 && status != 429;
    end_ = MirrorEnd{
        .what = is_final ? What::refused : What::failed,
        .status = status,
        .reason = fmt::format("{} answers with HTTP status {}", url_.authority(), status)};
    wrong_ = is_final || status == 416;
  }

  void tell_start() {
    if (growing_ || !length_known_ || !sha256_.empty()) return;
    growing_ = std::make_shared<Growing>(draft_->size());
    on_start_({.entry = std::make_shared<const Entry>(draft_->entry()),
               .growing = growing_,
               .file = duplicate(draft_->number())});
  }

  bool save() {
    if (!can_resume()) return true;
    if (auto saved = tools_.cache.save(*draft_); !saved)
      end_ = failed(std::move(saved.error().text));
    return !end_;
  }

  bool has_all() const {
    return draft_ && (!length_known_ || draft_->size() == draft_->entry().size);
  }

  bool can_resume() const {
    return draft_ && length_known_ && head_.keep && !draft_->entry().validator().empty();
  }

  bool can_go_on(const std::stop_token& stop, std::chrono::milliseconds pause) const {
    const bool began = growing_ || bytes_ > 0;
    return began && can_resume() && !stop.stop_requested() &&
           Clock::now() + pause < progress_ + tools_.times.standstill;
  }

  static void wait(const std::stop_token& stop, std::chrono::milliseconds pause) {
    std::mutex mutex;
    std::condition_variable_any stopped;
    std::unique_lock lock(mutex);
    stopped.wait_for(lock, stop, pause, [] { return false; });
  }

  MirrorEnd complete() {
    if (!sha256_.empty()) {
      // What is known to be wrong must not even be described as whole.
      const auto found = draft_->sha256();
      if (found != sha256_) {
        wrong_ = true;
        return {.what = What::mismatch,
                .reason = fmt::format("its SHA-256 is {}, not {}", found, sha256_)};
      }
    }
    auto whole = tools_.cache.finish(*draft_, head_.keep);
    if (!whole) return failed(std::move(whole.error().text));
    auto file = duplicate(draft_->number());
    draft_.reset();
    return {.what = What::whole, .entry = std::move(*whole), .file = std::move(file)};
  }

  static MirrorEnd failed(std::string reason) {
    return {.what = What::failed, .reason = std::move(reason)};
  }

  MirrorEnd finished(MirrorEnd end) {
    if (draft_) tools_.cache.leave(*draft_, can_resume() && !wrong_);
    if (growing_) growing_->end();
    end.bytes = bytes_;
    return end;
  }

  const MirrorTools& tools_;
  const http::Url& url_;
  const std::shared_ptr<const Entry> former_;
  const std::string& sha256_;
  const std::function<void(MirrorStart)>& on_start_;

  std::time_t now_ = 0;
  mirror::Freshness head_;
  std::optional<mirror::Draft> draft_;
  bool length_known_ = false;
  /// What has come is not to be gone on with.
  bool wrong_ = false;
  std::shared_ptr<Growing> growing_;
  std::uint64_t bytes_ = 0;
  TimePoint progress_;
  std::optional<MirrorEnd> end_;
};

}  // namespace

MirrorEnd fetch_into_mirror(const MirrorTools& tools, const http::Url& url,
                            const std::shared_ptr<const Entry>& former, const std::string& sha256,
                            const std::function<void(MirrorStart)>& on_start,
                            const std::stop_token& stop) {
  return Fetch(tools, url, former, sha256, on_start).run(stop);
}

}  // namespace pixie::net
