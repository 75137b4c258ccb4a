// The small rules of HTTP's field syntax that several parsers share (RFC 9110 section 5.6). ASCII
// only, no locale, no allocation.
#pragma once

#include <algorithm>
#include <optional>
#include <string_view>

namespace pixie::http {

constexpr bool ascii_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

constexpr char ascii_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

constexpr bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, ascii_lower, ascii_lower);
}

/// Without the optional whitespace (spaces and tabs) at both ends.
constexpr std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// Takes the next element off a comma-separated list that holds no quoted strings. Empty elements
/// are passed over, as section 5.6.1.2 wants; nothing when the list is used up.
constexpr std::optional<std::string_view> next_element(std::string_view& list) {
  while (!list.empty()) {
    const auto comma = std::min(list.find(','), list.size());
    const auto element = trim(list.substr(0, comma));
    list.remove_prefix(std::min(comma + 1, list.size()));
    if (!element.empty()) return element;
  }
  return std::nullopt;
}

}  // namespace pixie::http
