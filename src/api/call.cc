#include "api/call.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <system_error>

#include "api/json.h"
#include "http/response.h"

namespace pixie::api {
namespace {

std::optional<std::string> single(const http::Fields& fields, std::string_view name) {
  if (!fields.find(name)) return std::nullopt;
  return std::string(fields.find_single(name).value_or(""));
}

std::vector<std::string> split_path(std::string_view path) {
  std::vector<std::string> segments;
  while (!path.empty()) {
    const auto end = std::min(path.find('/'), path.size());
    segments.emplace_back(path.substr(0, end));
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return segments;
}

/// A proxy that runs here speaks for others, who are not here.
bool came_by_proxy(const http::Fields& fields) {
  constexpr std::array marks{"Forwarded", "X-Forwarded-For", "X-Real-IP", "Via"};
  return std::ranges::any_of(marks, [&](auto mark) { return fields.find(mark).has_value(); });
}

/// RFC 9112 section 6.3.
std::optional<std::uint64_t> length_of(const http::Fields& fields) {
  if (fields.find("Transfer-Encoding")) return std::nullopt;
  if (!fields.find("Content-Length")) return 0;
  const auto text = fields.find_single("Content-Length");
  std::uint64_t value = 0;
  if (!text || text->empty()) return std::nullopt;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc() || end != text->data() + text->size()) return std::nullopt;
  return value;
}

}  // namespace

std::optional<Call> call_of(const http::Request& request, const http::Target& target,
                            bool from_loopback) {
  std::string_view path = target.path;
  if (!path.starts_with(base_path)) return std::nullopt;
  path.remove_prefix(base_path.size());
  if (!path.empty() && path.front() != '/') return std::nullopt;
  path.remove_prefix(std::min<std::size_t>(1, path.size()));

  const auto& fields = request.fields;
  return Call{.method = request.method_text == "HEAD" ? "GET" : request.method_text,
              .segments = split_path(path),
              .target = target,
              .authorization = single(fields, "Authorization"),
              .if_match = fields.list("If-Match"),
              .if_none_match = fields.list("If-None-Match"),
              .content_type = single(fields, "Content-Type"),
              .content_range = single(fields, "Content-Range"),
              .content_length = length_of(fields),
              .host = single(fields, "Host"),
              .origin = single(fields, "Origin"),
              .body = request.body,
              .loopback = from_loopback && !came_by_proxy(fields)};
}

void add_common_fields(Answer& answer) {
  answer.made.fields.emplace_back("Cache-Control", "no-store");
  answer.made.fields.emplace_back("X-Content-Type-Options", "nosniff");
}

Answer problem(int status, std::string_view detail) {
  const Json document{{"type", "about:blank"},
                      {"title", http::reason_phrase(status)},
                      {"status", status},
                      {"detail", detail}};
  return {
      {.status = status, .content_type = "application/problem+json", .body = text_of(document)}};
}

}  // namespace pixie::api
