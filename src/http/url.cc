#include "http/url.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "http/syntax.h"
#include "wire/address.h"

namespace pixie::http {
namespace {

constexpr std::size_t max_url_size = 4096;
constexpr std::size_t max_host_size = 253;
constexpr std::uint16_t http_port = 80;
constexpr std::uint16_t https_port = 443;

std::uint16_t default_port(bool secure) { return secure ? https_port : http_port; }

/// What RFC 3986 lets stand in a path or query, and `%` of its escapes.
bool is_target_character(char c) {
  constexpr std::string_view others = "-._~:/?@!$&'()*+,;=%[]";
  return ascii_alphanumeric(c) || others.contains(c);
}

bool is_name_character(char c) { return ascii_alphanumeric(c) || c == '-' || c == '_' || c == '.'; }

bool is_name(std::string_view host) {
  return !host.empty() && host.size() <= max_host_size && host.front() != '.' &&
         !host.contains("..") && std::ranges::all_of(host, is_name_character);
}

/// Takes the host off the front of `authority`; what remains is empty or begins with a colon.
std::optional<std::string> take_host(std::string_view& authority) {
  if (authority.starts_with('[')) {
    const auto end = authority.find(']');
    const auto address = wire::IpAddress::parse(authority.substr(0, end + 1));
    if (end == std::string_view::npos || !address) return std::nullopt;
    authority.remove_prefix(end + 1);
    return address->text();
  }
  const auto host = authority.substr(0, authority.find(':'));
  if (!is_name(host)) return std::nullopt;
  authority.remove_prefix(host.size());
  std::string result(host);
  std::ranges::transform(result, result.begin(), ascii_lower);
  return result;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  const bool whole = error == std::errc{} && end == text.data() + text.size();
  return whole && port != 0 ? std::optional(port) : std::nullopt;
}

std::string_view path_of(std::string_view target) { return target.substr(0, target.find('?')); }

/// `.` and `..` taken out (RFC 3986 section 5.2.4).
std::string without_dots(std::string_view path) {
  std::vector<std::string_view> kept;
  bool folder = false;
  for (path.remove_prefix(1);; path.remove_prefix(path.find('/') + 1)) {
    const auto segment = path.substr(0, path.find('/'));
    folder = segment == "." || segment == "..";
    if (segment == ".." && !kept.empty()) kept.pop_back();
    if (!folder) kept.push_back(segment);
    if (!path.contains('/')) break;
  }
  if (folder) kept.emplace_back();
  return fmt::format("/{}", fmt::join(kept, "/"));
}

}  // namespace

bool has_scheme(std::string_view text) {
  const auto end = text.find_first_of(":/?#");
  if (end == std::string_view::npos || end == 0 || text[end] != ':') return false;
  const auto scheme = text.substr(0, end);
  constexpr std::string_view others = "+-.";
  return !others.contains(scheme[0]) && (scheme[0] < '0' || scheme[0] > '9') &&
         std::ranges::all_of(scheme,
                             [&](char c) { return ascii_alphanumeric(c) || others.contains(c); });
}

Expected<Url> Url::parse(std::string_view text) {
  if (text.size() > max_url_size) return fail("A URL is longer than 4096 bytes.");
  // What can't be shown is not shown.
  if (!std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; })) {
    return fail("A URL holds a space, a control character, or one beyond ASCII: escape it (%20).");
  }
  const auto wrong = [&](std::string_view what) { return fail(fmt::format("{}: {}", text, what)); };
  const auto scheme_end = text.find("://");
  const auto scheme = text.substr(0, std::min(scheme_end, text.size()));
  Url url;
  url.secure = equal_ignoring_case(scheme, "https");
  if (scheme_end == std::string_view::npos || (!url.secure && !equal_ignoring_case(scheme, "http")))
    return wrong("a URL with http:// or https:// is expected");
  const auto rest = text.substr(scheme_end + 3);
  auto authority = rest.substr(0, rest.find_first_of("/?#"));
  const auto target = rest.substr(authority.size());
  // The text is not repeated: it may hold a password.
  if (authority.contains('@')) return fail("A URL here can't hold a user's name or password (@).");
  auto host = take_host(authority);
  if (!host) return wrong("the host is neither a name nor an address");
  url.host = std::move(*host);
  url.port = default_port(url.secure);
  if (!authority.empty()) {
    const auto port = authority.starts_with(':') ? parse_port(authority.substr(1)) : std::nullopt;
    if (!port) return wrong("the port is no number from 1 to 65535");
    url.port = *port;
  }
  if (target.contains('#')) return wrong("a fragment (#) is not for a server");
  if (!std::ranges::all_of(target, is_target_character))
    return wrong("a character of the path must be escaped (%XX)");
  url.target = target.starts_with('/') ? target : fmt::format("/{}", target);
  return url;
}

Expected<Url> Url::resolve(std::string_view reference) const {
  reference = reference.substr(0, reference.find('#'));
  if (has_scheme(reference)) return parse(reference);
  if (reference.starts_with("//"))
    return parse(fmt::format("{}:{}", secure ? "https" : "http", reference));
  if (reference.empty()) return *this;
  const auto base_path = path_of(target);
  const auto path = path_of(reference);
  const auto query = reference.substr(path.size());
  std::string merged;
  if (path.starts_with('/')) {
    merged = without_dots(path);
  } else if (path.empty()) {
    merged = base_path;
  } else {
    merged = without_dots(fmt::format("{}{}", base_path.substr(0, base_path.rfind('/') + 1), path));
  }
  Url origin = *this;
  origin.target = "/";
  return parse(
      fmt::format("{}{}{}", origin.text().substr(0, origin.text().size() - 1), merged, query));
}

std::string Url::authority() const {
  const auto shown = host.contains(':') ? fmt::format("[{}]", host) : host;
  return port == default_port(secure) ? shown : fmt::format("{}:{}", shown, port);
}

std::string Url::text() const {
  return fmt::format("{}://{}{}", secure ? "https" : "http", authority(), target);
}

}  // namespace pixie::http
