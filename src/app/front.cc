#include "app/front.h"

#include <ctime>
#include <memory>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "api/image_calls.h"
#include "http/conditional.h"
#include "http/target.h"
#include "mirror/location.h"
#include "net/intake.h"
#include "net/mirror_site.h"
#include "page/page.h"

namespace pixie::app {
namespace {

constexpr std::string_view text_type = "text/plain; charset=utf-8";

/// The page asks nobody but this server, runs its own script alone, and stands in nobody's frame.
constexpr std::string_view policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

net::Backend::Answer plain(int status, std::string_view text) {
  return {.made = {.status = status,
                   .content_type = std::string(text_type),
                   .body = fmt::format("{}\n", text),
                   .fields = {}},
          .stream = {}};
}

net::Backend::Answer only_read() {
  auto answer = plain(405, "Only GET and HEAD are answered here.");
  answer.made.fields.emplace_back("Allow", "GET, HEAD");
  return answer;
}

/// The compressed form's own tag: RFC 9110 section 8.8.3.3 wants another one than the plain form's.
std::string gzip_tag(std::string_view plain) {
  return fmt::format("{}-gzip\"", plain.substr(0, plain.size() - 1));
}

net::Backend::Answer send_asset(const http::Request& request, const page::Asset& asset) {
  const bool zipped = !asset.gzip.empty() && request.fields.has_token("Accept-Encoding", "gzip");
  const auto bytes = zipped ? asset.gzip : asset.plain;
  http::Representation form;
  form.etag = zipped ? gzip_tag(asset.etag) : std::string(asset.etag);
  http::Made made{.status = 200, .content_type = std::string(asset.content_type)};
  made.fields.emplace_back("ETag", form.etag);
  made.fields.emplace_back("Cache-Control",
                           asset.immutable ? "public, max-age=31536000, immutable" : "no-cache");
  made.fields.emplace_back("Vary", "Accept-Encoding");
  made.fields.emplace_back("Content-Security-Policy", policy);
  made.fields.emplace_back("X-Content-Type-Options", "nosniff");
  made.fields.emplace_back("Referrer-Policy", "no-referrer");
  const auto holds = http::check_preconditions(request, form, std::time(nullptr));
  if (holds != http::Precondition::holds) {
    made.status = holds == http::Precondition::failed ? 412 : 304;
    return {.made = std::move(made), .stream = {}};
  }
  if (zipped) made.fields.emplace_back("Content-Encoding", "gzip");
  made.body.assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return {.made = std::move(made), .stream = {}};
}

/// An upload, as the connection knows it.
class UploadIntake final : public net::Intake {
 public:
  explicit UploadIntake(std::shared_ptr<library::Upload> upload) : upload_(std::move(upload)) {}

  void take(std::string_view bytes, std::function<void(bool)> done) override {
    upload_->write(bytes, std::move(done));
  }
  void end(bool /*whole*/, std::function<void(http::Made)> done) override {
    upload_->end([done = std::move(done)](const library::Upload::Result& result) {
      done(api::upload_answer(result).made);
    });
  }

 private:
  const std::shared_ptr<library::Upload> upload_;
};

}  // namespace

bool Front::takes_body(const http::Request& request) const {
  const auto target = http::parse_target(request.target);
  return request.method_text == "PUT" && target && target->path.starts_with("api/v1/images/");
}

bool Front::answers(std::string_view path) const {
  return path.starts_with("api/") || path.starts_with(mirror::base_path) || path == "metrics" ||
         path == "healthz" || path == "readyz" || page::find(path) != nullptr;
}

void Front::answer(const Call& call, std::function<void(Answer)> done) {
  const auto& path = call.target.path;
  if (path.starts_with("api/")) return ask_api(call, std::move(done));
  if (call.request.method == http::Method::other) return done(only_read());
  if (path.starts_with(mirror::base_path)) {
    if (parts_.mirror) return net::ask_mirror(*parts_.mirror, call, std::move(done));
    return done(plain(404, "There is no mirror here: it needs --mirror HOST."));
  }
  if (path == "metrics") {
    return parts_.registry.ask([this, done = std::move(done)](registry::Registry&) {
      done({.made = {.status = 200,
                     .content_type = "text/plain; version=0.0.4; charset=utf-8",
                     .body = parts_.metrics(),
                     .fields = {}},
            .stream = {}});
    });
  }
  if (path == "healthz") {
    return parts_.registry.ask(
        [this, done = std::move(done)](registry::Registry&) { done(health()); });
  }
  if (path == "readyz") return done(plain(200, "ready"));
  done(send_asset(call.request, *page::find(path)));
}

/// On the registry's thread, where the answer is made.
void Front::ask_api(const Call& call, std::function<void(Answer)> done) {
  auto asked = api::call_of(call.request, call.target, call.peer.address.is_loopback());
  if (!asked) return done(plain(404, "The API is at /api/v1/."));
  parts_.registry.ask(
      [this, asked = std::move(*asked), done = std::move(done)](registry::Registry&) {
        auto answer = parts_.api.answer(asked);
        if (answer.follow) return done(follow(std::move(answer)));
        if (answer.order) return carry_out(*answer.order, done);
        done({.made = std::move(answer.made), .stream = {}});
      });
}

net::Backend::Answer Front::follow(api::Answer answer) const {
  const auto channel = std::make_shared<net::Channel>();
  // The stream's first bytes tell the client at once that it is there.
  channel->send(std::make_shared<const std::string>(": pixie\n\n"));
  parts_.feed.subscribe(*answer.follow, channel, [channel = channel.get()](const auto& text) {
    return channel->send(text);
  });
  parts_.listened();
  return {.made = std::move(answer.made), .stream = channel};
}

/// On the registry's thread; `done` is called by the uploads'.
void Front::carry_out(const api::ImageOrder& order, const std::function<void(Answer)>& done) const {
  using What = api::ImageOrder::What;
  switch (order.what) {
    case What::take:
      return parts_.uploads.begin(order.part, [done](library::Uploads::Begun begun) {
        if (!begun)
          return done(
              {.made = api::upload_answer(std::unexpected(begun.error())).made, .stream = {}});
        done({.made = {}, .stream = {}, .intake = std::make_shared<UploadIntake>(*begun)});
      });
    case What::look_up:
      return parts_.uploads.look_up(order.part, [done](const library::Upload::Result& result) {
        done({.made = api::upload_answer(result).made, .stream = {}});
      });
    case What::remove:
      return parts_.uploads.remove(order.part.file, [done](const auto& failure) {
        done({.made = api::removal_answer(failure).made, .stream = {}});
      });
  }
}

net::Backend::Answer Front::health() const {
  auto problems = parts_.office.health_problems();
  if (const auto& problem = parts_.registry.store_problem(); !problem.empty())
    problems.push_back(problem);
  if (problems.empty()) return plain(200, "ok");
  // It serves all the same: whoever restarts what is unhealthy would only make it worse.
  return plain(200, fmt::format("degraded\n{}", fmt::join(problems, "\n")));
}

}  // namespace pixie::app
