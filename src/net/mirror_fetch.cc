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
#include "net/interfaces.h"
#include "net/timer_wheel.h"

namespace pixie::net {
namespace {

using mirror::Entry;
using What = MirrorEnd::What;

constexpr int status_ok = 200;
constexpr int status_partial = 206;
constexpr int status_not_modified = 304;
constexpr int status_not_found = 404;
constexpr int status_gone = 410;
constexpr int status_no_such_range = 416;

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

/// Whether one of this machine's own networks has it: whatever its addresses are, it may be meant for neighbours alone.
bool is_near(const wire::IpAddress& address) {
  constexpr unsigned usual_prefix = 64;
  const auto present = interfaces();
  // What can't be told is not allowed.
  return !present || std::ranges::any_of(*present, [&](const Interface& interface) {
    return interface.reaches(address) ||
           (interface.ipv6 && wire::Network{*interface.ipv6, usual_prefix}.contains(address));
  });
}

/// One file on its way; what connections bring of it, one after the other.
class Fetch final : public HttpReceiver {
 public:
  Fetch(const MirrorTools& tools, const http::Url& url, std::shared_ptr<const Entry> former,
        const std::string& sha256, const std::function<void(MirrorStart)>& on_start,
        const std::stop_token& stop)
      : tools_(tools),
        url_(url),
        former_(std::move(former)),
        sha256_(sha256),
        on_start_(on_start),
        stop_(stop),
        progress_(Clock::now()),
        stretch_began_(progress_) {}

  MirrorEnd run() {
    find_part();
    auto pause = tools_.times.pause;
    for (;;) {
      const auto before = bytes_;
      const auto answer = tools_.client.download(question(), *this, patiences(), stop_);
      if (end_) return finished(std::move(*end_));
      if (std::exchange(anew_, false)) continue;
      if (answer && has_all()) return finished(complete());
      const auto reason =
          answer ? fmt::format("{} sent less than it said", url_.authority()) : answer.error().text;
      if (bytes_ > before) pause = tools_.times.pause;
      if (!can_go_on(pause)) return finished(failed(reason));
      wait(pause);
      pause *= 2;
    }
  }

  Expected<void> may_ask(const http::Url& url) override {
    if (tools_.hosts.allows(url)) return {};
    return fail(fmt::format("--mirror does not allow {}", url.authority()));
  }

  bool may_connect(const http::Url& url, const wire::IpAddress& address) override {
    return tools_.hosts.allows(url, address) && (tools_.hosts.names(url) || !is_near(address));
  }

  bool take_head(const HttpAnswer& answer) override {
    now_ = std::time(nullptr);
    // An error's own life says nothing of the file.
    if (answer.status < 400) head_ = freshness_of(answer);
    if (answer.status == status_not_modified && former_ && !draft_ && !part_) {
      end_ = MirrorEnd{.what = What::unchanged,
                       .entry = tools_.cache.renew(*former_, now_, head_.seconds)};
    } else if (answer.status == status_partial && (draft_ || part_)) {
      go_on(answer);
    } else if (answer.status == status_ok) {
      begin(answer);
    } else if (answer.status == status_no_such_range && part_) {
      begin_anew();
    } else {
      refuse(answer.status);
    }
    return !end_ && !anew_;
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
    if (is_too_slow(bytes.size())) {
      end_ = failed(fmt::format("{} sends too slowly", url_.authority()));
      return false;
    }
    if (draft_->size() < draft_->entry().have + save_step) return true;
    return save();
  }

 private:
  /// What was interrupted before, maybe by the end of pixie.
  void find_part() {
    part_ = tools_.cache.part(url_.text());
    if (part_ && (part_->validator().empty() || part_->have == 0 || part_->have == part_->size))
      part_.reset();
  }

  /// The part is of no use: the file is asked for from its beginning.
  void begin_anew() {
    part_.reset();
    anew_ = true;
  }

  HttpQuestion question() const {
    HttpQuestion question{.url = url_, .headers = {{"Accept-Encoding", "identity"}}};
    auto& headers = question.headers;
    if (draft_ || part_) {
      const auto have = draft_ ? draft_->size() : part_->have;
      headers.emplace_back("Range", fmt::format("bytes={}-", have));
      headers.emplace_back("If-Range", (draft_ ? draft_->entry() : *part_).validator());
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
    part_.reset();
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
    const auto& entry = draft_ ? draft_->entry() : *part_;
    const auto have = draft_ ? draft_->size() : part_->have;
    const auto expected = fmt::format("bytes {}-{}/{}", have, entry.size - 1, entry.size);
    const auto agrees = [&](std::string_view name, const std::string& ours) {
      const auto theirs = field(answer, name);
      return theirs.empty() || ours.empty() || theirs == ours;
    };
    const bool same = agrees("ETag", entry.etag) && agrees("Last-Modified", entry.modified) &&
                      answer.fields.find_single("Content-Range") == expected;
    if (!draft_) {
      if (!same || !resume()) return begin_anew();
    } else if (!same) {
      end_ = failed("the upstream sent another part of the file than it was asked for");
      wrong_ = true;
      return;
    }
    draft_->validated(now_, head_.seconds);
    tell_start();
  }

  /// Takes up what is here of it.
  bool resume() {
    auto draft = tools_.cache.resume(*part_, stop_);
    if (!draft) return false;
    draft_.emplace(std::move(*draft));
    part_.reset();
    length_known_ = true;
    return true;
  }

  void refuse(int status) {
    const bool is_refusal =
        status / 100 == 4 && status != 408 && status != 429 && status != status_no_such_range;
    end_ = MirrorEnd{
        .what = is_refusal ? What::refused : What::failed,
        .status = status,
        .reason = fmt::format("{} answers with HTTP status {}", url_.authority(), status)};
    wrong_ = status == status_not_found || status == status_gone || status == status_no_such_range;
  }

  /// Once what comes is known, also to be a file that is kept back until it is whole.
  void tell_start() {
    if (std::exchange(told_, true)) return;
    if (length_known_ && sha256_.empty()) growing_ = std::make_shared<Growing>(draft_->size());
    on_start_({.entry = std::make_shared<const Entry>(draft_->entry()),
               .growing = growing_,
               .file = growing_ ? duplicate(draft_->number()) : tree::Descriptor()});
  }

  /// What the answer says of its life. A 304 need not repeat the date (RFC 9110 section 15.4.5).
  mirror::Freshness freshness_of(const HttpAnswer& answer) const {
    if (answer.status != status_not_modified || !former_ || answer.fields.find("Last-Modified"))
      return mirror::freshness(answer.fields, now_);
    auto fields = answer.fields;
    fields.add("Last-Modified", former_->modified);
    return mirror::freshness(fields, now_);
  }

  /// Who sends a byte now and then must not hold a thread for ever.
  bool is_too_slow(std::size_t more) {
    stretch_bytes_ += more;
    if (stretch_bytes_ >= tools_.times.stretch_bytes) {
      stretch_bytes_ = 0;
      stretch_began_ = progress_;
    }
    const bool is_all = length_known_ && has_all();
    return !is_all && progress_ >= stretch_began_ + tools_.times.stretch;
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

  bool can_go_on(std::chrono::milliseconds pause) const {
    const bool began = growing_ || bytes_ > 0;
    return began && can_resume() && !stop_.stop_requested() &&
           Clock::now() + pause < progress_ + tools_.times.standstill;
  }

  void wait(std::chrono::milliseconds pause) const {
    std::mutex mutex;
    std::condition_variable_any stopped;
    std::unique_lock lock(mutex);
    stopped.wait_for(lock, stop_, pause, [] { return false; });
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
  const std::stop_token& stop_;

  std::time_t now_ = 0;
  mirror::Freshness head_;
  /// What was interrupted before, until the upstream agrees to go on with it.
  std::optional<Entry> part_;
  bool anew_ = false;
  std::optional<mirror::Draft> draft_;
  bool length_known_ = false;
  /// What has come is not to be gone on with.
  bool wrong_ = false;
  bool told_ = false;
  std::shared_ptr<Growing> growing_;
  std::uint64_t bytes_ = 0;
  TimePoint progress_;
  /// Since when so many bytes have come.
  TimePoint stretch_began_;
  std::uint64_t stretch_bytes_ = 0;
  std::optional<MirrorEnd> end_;
};

}  // namespace

MirrorEnd fetch_into_mirror(const MirrorTools& tools, const http::Url& url,
                            const std::shared_ptr<const Entry>& former, const std::string& sha256,
                            const std::function<void(MirrorStart)>& on_start,
                            const std::stop_token& stop) {
  return Fetch(tools, url, former, sha256, on_start, stop).run();
}

}  // namespace pixie::net
