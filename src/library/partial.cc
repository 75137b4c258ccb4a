#include "library/partial.h"

#include <charconv>

#include <fmt/format.h>

namespace pixie::library {
namespace {

constexpr std::string_view ending = ".part";

}  // namespace

std::string partial_name(std::string_view name, std::uint64_t size) {
  return fmt::format(".{}.{}{}", name, size, ending);
}

std::optional<Partial> parse_partial(std::string_view text) {
  if (!text.starts_with('.') || !text.ends_with(ending)) return std::nullopt;
  text = text.substr(1, text.size() - 1 - ending.size());
  const auto dot = text.rfind('.');
  if (dot == std::string_view::npos || dot == 0) return std::nullopt;
  const auto number = text.substr(dot + 1);
  std::uint64_t size = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), size);
  if (error != std::errc() || end != number.data() + number.size()) return std::nullopt;
  return Partial{text.substr(0, dot), size};
}

}  // namespace pixie::library
