#include "http/target.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include <fmt/format.h>

#include "http/syntax.h"

namespace pixie::http {
namespace {

constexpr bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}

constexpr int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = ascii_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/// The byte that the escape at the start of `text` stands for.
std::optional<char> decode_escape(std::string_view text) {
  if (text.size() < 3 || text[0] != '%') return std::nullopt;
  const int high = hex_value(text[1]);
  const int low = hex_value(text[2]);
  if (high < 0 || low < 0) return std::nullopt;
  return static_cast<char>(high << 4 | low);
}

/// From an absolute-form to the origin-form within it; an origin-form is returned as it is.
Expected<std::string_view> origin_form(std::string_view text) {
  if (text.starts_with('/')) return text;
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!equal_ignoring_case(text.substr(0, scheme.size()), scheme)) continue;
    const auto rest = text.substr(scheme.size());
    const auto end = std::min(rest.find_first_of("/?"), rest.size());
    if (end == 0) return fail("The request target names no host after its scheme.");
    return rest.substr(end);
  }
  return fail("The request target must begin with '/' or 'http://'.");
}

Expected<std::string> decode_path(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::size_t start = i;
    char c = text[i];
    if (c == '%') {
      const auto escaped = decode_escape(text.substr(i));
      if (!escaped) {
        return fail(fmt::format(
            "The path has '%' at byte {} without two hexadecimal digits after it.", start));
      }
      c = *escaped;
      i += 2;
    }
    if (is_control(c))
      return fail(fmt::format("The path has a control character at byte {}.", start));
    decoded.push_back(c == '\\' ? '/' : c);
  }
  return decoded;
}

/// Folds empty and `.` segments away and sets `path` and `trailing_slash`; false at a `..` segment.
bool normalise(std::string_view decoded, Target& target) {
  std::string_view segment;
  while (!decoded.empty()) {
    const auto slash = std::min(decoded.find('/'), decoded.size());
    segment = decoded.substr(0, slash);
    target.trailing_slash = slash < decoded.size();
    decoded.remove_prefix(std::min(slash + 1, decoded.size()));
    if (segment == "..") return false;
    if (segment.empty() || segment == ".") continue;
    if (!target.path.empty()) target.path.push_back('/');
    target.path.append(segment);
  }
  target.trailing_slash |= segment == "." || target.path.empty();
  return true;
}

std::string decode_form(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (const auto escaped = decode_escape(text.substr(i))) {
      decoded.push_back(*escaped);
      i += 2;
    } else {
      decoded.push_back(text[i] == '+' ? ' ' : text[i]);
    }
  }
  return decoded;
}

}  // namespace

std::optional<std::string> Target::query(std::string_view name) const {
  std::string_view rest = raw_query;
  while (!rest.empty()) {
    const auto end = std::min(rest.find('&'), rest.size());
    const auto pair = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const auto equals = std::min(pair.find('='), pair.size());
    if (pair.empty() || decode_form(pair.substr(0, equals)) != name) continue;
    return decode_form(pair.substr(std::min(equals + 1, pair.size())));
  }
  return std::nullopt;
}

Expected<Target> parse_target(std::string_view text) {
  if (text.size() > max_target_size) {
    return fail(fmt::format("The request target has {} bytes; the limit is {}.", text.size(),
                            max_target_size));
  }
  if (std::ranges::any_of(text, [](char c) { return is_control(c) || c == ' '; })) {
    return fail("The request target has whitespace or a control character; percent-encode it.");
  }
  if (text.contains('#')) {
    return fail("The request target has a '#', which no server gets to see; write %23.");
  }
  const auto origin = origin_form(text);
  if (!origin) return std::unexpected(origin.error());

  const auto question = std::min(origin->find('?'), origin->size());
  const auto decoded = decode_path(origin->substr(0, question));
  if (!decoded) return std::unexpected(decoded.error());

  Target target;
  if (!normalise(*decoded, target)) return fail("The request target has '..' as a segment.");
  target.raw_query = origin->substr(std::min(question + 1, origin->size()));
  return target;
}

void append_encoded_path(std::string& out, std::string_view path) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  for (const char c : path) {
    const char lower = ascii_lower(c);
    const bool plain = (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') ||
                       std::string_view("-._~/").contains(c);
    if (plain) {
      out.push_back(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out.push_back('%');
    out.push_back(digits[byte >> 4]);
    out.push_back(digits[byte & 15]);
  }
}

}  // namespace pixie::http
