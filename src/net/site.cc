#include "net/site.h"

#include <fmt/format.h>

#include "http/content_type.h"
#include "http/listing.h"
#include "http/target.h"

namespace pixie::net {
namespace {

Reply refuse(const http::Request& request, int status, std::string sentence, std::time_t now,
             http::Headers extra = {}) {
  return {.response = http::error_response(&request, status, sentence, now, extra),
          .body = {},
          .path = {},
          .fault = std::move(sentence)};
}

Reply refuse(const http::Request& request, tree::Refusal refusal, std::time_t now) {
  using enum tree::Refusal::Reason;
  if (refusal.reason == not_yet)
    return refuse(request, 503, std::move(refusal.text), now, {{"Retry-After", "3"}});
  const int status = refusal.reason == forbidden ? 403 : refusal.reason == unreadable ? 500 : 404;
  auto reply = refuse(request, status, std::move(refusal.text), now);
  reply.rom_missing = refusal.reason == rom_missing;
  return reply;
}

Reply send(const http::Request& request, tree::Body body, std::time_t now) {
  // What is made for this machine, or may change any moment, must not come from a cache on the way.
  const bool made = body.kind != tree::Body::Kind::file && body.kind != tree::Body::Kind::rom;
  const http::Representation representation{
      .size = body.size(),
      .etag = body.etag,
      .modified = body.modified,
      .content_type = std::string(http::content_type(body.name)),
      .cache_control = made ? "no-cache" : ""};
  auto response = http::respond(request, representation, now);
  return {.response = std::move(response), .body = std::move(body), .path = {}, .fault = {}};
}

/// Whether a program asks: by the query, or as nginx's users are used to by the Accept field.
bool wants_json(const http::Request& request, const http::Target& target) {
  if (const auto format = target.query("format")) return *format == "json";
  const auto accepted = request.fields.find("Accept").value_or("");
  return accepted.contains("application/json") && !accepted.contains("text/html");
}

Reply show_folder(tree::Tree& tree, const http::Request& request, const http::Target& target,
                  const tree::Listing& listing, std::time_t now) {
  if (!target.trailing_slash) {
    return {.response = http::redirect(request, target.path + "/", now),
            .body = {},
            .path = {},
            .fault = {}};
  }
  const bool json = wants_json(request, target);
  const auto inside = target.path.empty() ? "" : target.path + "/";
  auto index = json ? tree::Answer(tree::Refusal{}) : tree.resolve(inside + "index.html");
  if (auto* page = std::get_if<tree::Body>(&index)) return send(request, std::move(*page), now);
  std::vector<http::Entry> entries;
  entries.reserve(listing.entries.size());
  for (const auto& entry : listing.entries) {
    entries.push_back({entry.name, entry.folder, entry.size, entry.modified});
  }
  const auto* type = json ? "application/json" : "text/html; charset=utf-8";
  auto text = json ? http::listing_as_json(entries) : http::render_listing(target.path, entries);
  return {.response =
              http::text_response(&request, 200, type, std::move(text), now, {{"Vary", "Accept"}}),
          .body = {},
          .path = {},
          .fault = {}};
}

std::variant<Reply, Elsewhere> answer_target(tree::Tree& tree, const http::Request& request,
                                             http::Target& target, std::time_t now) {
  auto found = tree.resolve(target.path);
  if (auto* refusal = std::get_if<tree::Refusal>(&found))
    return refuse(request, std::move(*refusal), now);
  if (const auto* listing = std::get_if<tree::Listing>(&found))
    return show_folder(tree, request, target, *listing, now);
  if (target.trailing_slash) {
    return refuse(request, 404, fmt::format("{} is a file, not a folder.", target.path), now);
  }
  if (auto* wanted = std::get_if<tree::Wanted>(&found))
    return Elsewhere{std::move(target), std::move(*wanted)};
  return send(request, std::move(std::get<tree::Body>(found)), now);
}

}  // namespace

std::variant<Reply, Elsewhere> answer(tree::Tree& tree, const Backend* backend,
                                      const http::Request& request, std::time_t now) {
  if (auto host = http::check_host(request); !host)
    return refuse(request, 400, std::move(host.error().text), now);
  auto target = http::parse_target(request.target);
  const bool only_read = request.method == http::Method::other &&
                         !(target && backend && backend->answers(target->path));
  if (only_read) {
    return refuse(request, 405, "Only GET and HEAD are answered here.", now,
                  {{"Allow", "GET, HEAD"}});
  }
  if (!target) return refuse(request, 400, std::move(target.error().text), now);
  if (backend && backend->answers(target->path)) return Elsewhere{std::move(*target), std::nullopt};
  // The whole tree, for people; the page stands in its place at the top.
  constexpr std::string_view all = "files";
  if (target->path == all && !target->trailing_slash)
    return Reply{.response = http::redirect(request, "files/", now), .path = std::string(all)};
  if (target->path == all) target->path.clear();
  if (target->path.starts_with("files/")) target->path.erase(0, all.size() + 1);
  const auto path = target->path;
  auto reply = answer_target(tree, request, *target, now);
  if (auto* here = std::get_if<Reply>(&reply)) here->path = path;
  return reply;
}

Reply reply_with(const http::Request& request, Backend::Answer answer, std::time_t now) {
  if (answer.stream) {
    const bool only_head = request.method == http::Method::head;
    return {.response = http::stream_response(request, answer.made.content_type, now),
            .stream = only_head ? nullptr : std::move(answer.stream)};
  }
  if (!answer.file) return {.response = http::made_response(request, std::move(answer.made), now)};
  const http::Representation representation{.size = answer.file->size(),
                                            .etag = answer.file->etag,
                                            .modified = answer.file->modified,
                                            .content_type = std::move(answer.made.content_type),
                                            .cache_control = {},
                                            .fields = std::move(answer.made.fields)};
  return {.response = http::respond(request, representation, now),
          .body = std::move(answer.file),
          .growing = std::move(answer.growing)};
}

Reply reply_with(const http::Request& request, Found found, std::time_t now) {
  if (auto* refusal = std::get_if<tree::Refusal>(&found.body))
    return refuse(request, std::move(*refusal), now);
  auto reply = send(request, std::move(std::get<tree::Body>(found.body)), now);
  reply.given = std::move(found.given);
  return reply;
}

}  // namespace pixie::net
