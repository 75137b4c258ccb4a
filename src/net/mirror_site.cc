#include "net/mirror_site.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "http/content_type.h"
#include "http/date.h"
#include "mirror/location.h"

namespace pixie::net {
namespace {

Backend::Answer refusal(int status, std::string_view sentence) {
  return {.made = {.status = status,
                   .content_type = "text/plain; charset=utf-8",
                   .body = fmt::format("{}\n", sentence)}};
}

/// Of this version of the file: the upstream's if it is a strong one, else one of our own.
std::string etag_of(const mirror::Entry& entry) {
  const auto& etag = entry.etag;
  const bool strong = etag.size() > 2 && etag.starts_with('"') && etag.ends_with('"') &&
                      etag.find('"', 1) == etag.size() - 1;
  return strong ? etag : fmt::format("\"{}\"", entry.data);
}

/// RFC 9211: what the cache did. A time to live below zero: it is stale.
std::string cache_status(const Mirrored& found, std::time_t now) {
  const auto left = found.entry->validated + found.entry->fresh - now;
  switch (found.how) {
    case Mirrored::How::miss:
      return "pixie; fwd=uri-miss; stored";
    case Mirrored::How::joined:
      return "pixie; fwd=uri-miss; collapsed";
    case Mirrored::How::validated:
      return fmt::format("pixie; hit; fwd=stale; fwd-status=304; ttl={}", left);
    case Mirrored::How::stale:
      return fmt::format("pixie; hit; ttl={}; detail=\"the upstream can't be asked\"",
                         std::min<std::int64_t>(left, -1));
    default:
      return fmt::format("pixie; hit; ttl={}", left);
  }
}

Backend::Answer answer_with(Mirrored found) {
  const auto now = std::time(nullptr);
  if (found.how == Mirrored::How::refused) {
    auto answer = refusal(found.status, found.reason);
    if (found.retry_after)
      answer.made.fields.emplace_back("Retry-After", fmt::format("{}", found.retry_after->count()));
    return answer;
  }
  const auto& entry = *found.entry;
  // Without its query.
  const auto path = std::string_view(entry.url).substr(0, entry.url.find('?'));
  Backend::Answer answer;
  answer.made.content_type =
      entry.type.empty() ? std::string(http::content_type(path)) : entry.type;
  const auto age = std::max<std::int64_t>(now - entry.validated, 0);
  // A browser must not take another server's page for one of ours.
  answer.made.fields = {{"Age", fmt::format("{}", age)},
                        {"Cache-Status", cache_status(found, now)},
                        {"Content-Security-Policy", "sandbox"},
                        {"X-Content-Type-Options", "nosniff"}};
  answer.file.emplace(tree::Body::Kind::file,
                      tree::FileRange{std::move(found.file), 0, entry.size});
  answer.file->etag = etag_of(entry);
  answer.file->modified = http::parse_date(entry.modified, now);
  answer.file->name = path;
  answer.growing = std::move(found.growing);
  return answer;
}

/// Whether it was sent on this machine. What a proxy on it passes on may be anybody's.
bool is_from_here(const Backend::Call& call) {
  constexpr std::array marks{"Forwarded", "X-Forwarded-For", "X-Real-IP", "Via"};
  const auto& peer = call.peer.address;
  return (peer.is_loopback() || peer == call.server) &&
         std::ranges::none_of(
             marks, [&](const char* mark) { return call.request.fields.find(mark).has_value(); });
}

/// Nothing: what the profiles say.
std::optional<std::string> wanted_by(const Backend::Call& call) {
  const auto wanted = call.request.fields.find_single(wanted_field);
  if (!wanted || !is_from_here(call)) return std::nullopt;
  return *wanted == wanted_any ? std::string() : std::string(*wanted);
}

}  // namespace

void ask_mirror(Mirror& mirror, const Backend::Call& call,
                std::function<void(Backend::Answer)> done) {
  const auto url = mirror::url_of(call.target);
  if (!url) return done(refusal(400, url.error().text));
  mirror.ask(
      *url, [done = std::move(done)](Mirrored found) { done(answer_with(std::move(found))); },
      wanted_by(call));
}

}  // namespace pixie::net
