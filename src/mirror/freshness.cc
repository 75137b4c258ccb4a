#include "mirror/freshness.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>

#include "http/date.h"
#include "http/syntax.h"

namespace pixie::mirror {
namespace {

constexpr std::int64_t year = 365 * 24 * 3600;
constexpr std::int64_t shortest_guess = 60;
constexpr std::int64_t longest_guess = 3600;
constexpr std::int64_t guessed_part = 10;

/// Nothing if it is no number; more than a year is a year.
std::optional<std::int64_t> seconds_of(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.begin(), text.end(), number);
  if (error == std::errc::result_out_of_range) return year;
  if (error != std::errc{} || end != text.end() || number < 0) return std::nullopt;
  return std::min(number, year);
}

/// The argument of a directive; empty if it has none, nothing if it is not there.
std::optional<std::string_view> directive(std::string_view list, std::string_view name) {
  while (const auto item = http::next_element(list)) {
    const auto equals = std::min(item->find('='), item->size());
    if (!http::equal_ignoring_case(http::trim(item->substr(0, equals)), name)) continue;
    auto argument = http::trim(item->substr(std::min(equals + 1, item->size())));
    if (argument.size() > 1 && argument.starts_with('"') && argument.ends_with('"'))
      argument = argument.substr(1, argument.size() - 2);
    return argument;
  }
  return std::nullopt;
}

std::optional<std::time_t> date(const http::Fields& fields, std::string_view name,
                                std::time_t now) {
  const auto text = fields.find_single(name);
  return text ? http::parse_date(*text, now) : std::nullopt;
}

/// What the answer says of its life, as a whole. A number that is none counts as 0 (section 4.2.1).
std::optional<std::int64_t> lifetime(const http::Fields& answer, std::string_view control,
                                     std::time_t now) {
  for (const auto* name : {"s-maxage", "max-age"}) {
    if (const auto argument = directive(control, name)) return seconds_of(*argument).value_or(0);
  }
  if (!answer.find("Expires")) return std::nullopt;
  const auto expires = date(answer, "Expires", now).value_or(0);
  return std::clamp<std::int64_t>(expires - date(answer, "Date", now).value_or(now), 0, year);
}

}  // namespace

Freshness freshness(const http::Fields& answer, std::time_t now) {
  const auto control = answer.list("Cache-Control").value_or("");
  if (directive(control, "no-store") || directive(control, "private")) return {.keep = false};
  if (directive(control, "no-cache")) return {};
  const auto age = seconds_of(answer.find("Age").value_or("0")).value_or(0);
  if (const auto life = lifetime(answer, control, now))
    return {.seconds = static_cast<std::uint32_t>(std::max<std::int64_t>(*life - age, 0))};
  const auto modified = date(answer, "Last-Modified", now);
  const auto guess = modified ? (now - *modified) / guessed_part : 0;
  return {.seconds = static_cast<std::uint32_t>(
              std::clamp<std::int64_t>(guess, shortest_guess, longest_guess))};
}

}  // namespace pixie::mirror
