#include "http/content_range.h"

#include <charconv>
#include <system_error>

#include "http/syntax.h"

namespace pixie::http {
namespace {

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

std::optional<ContentRange> parse_content_range(std::string_view text) {
  constexpr std::string_view unit = "bytes ";
  if (!equal_ignoring_case(text.substr(0, unit.size()), unit)) return std::nullopt;
  text.remove_prefix(unit.size());
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto size = parse_number(text.substr(slash + 1));
  if (!size) return std::nullopt;
  const auto part = text.substr(0, slash);
  if (part == "*") return ContentRange{std::nullopt, *size};
  const auto dash = part.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto first = parse_number(part.substr(0, dash));
  const auto last = parse_number(part.substr(dash + 1));
  if (!first || !last || *first > *last || *last >= *size) return std::nullopt;
  return ContentRange{ByteRange{*first, *last - *first + 1}, *size};
}

}  // namespace pixie::http
