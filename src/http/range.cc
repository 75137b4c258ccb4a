#include "http/range.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <utility>

#include "http/syntax.h"

namespace pixie::http {
namespace {

constexpr auto largest = std::numeric_limits<std::uint64_t>::max();

/// A range as written: without `first` it is a suffix of `last` bytes, without `last` it is open.
struct Spec {
  std::optional<std::uint64_t> first;
  std::optional<std::uint64_t> last;
};

/// One or more digits and nothing else.
std::optional<std::uint64_t> parse_position(std::string_view text) {
  std::uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (text.empty() || stop != end || error == std::errc::invalid_argument) return std::nullopt;
  return error == std::errc::result_out_of_range ? largest : value;
}

std::optional<Spec> parse_spec(std::string_view text) {
  const auto dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto before = text.substr(0, dash);
  const auto after = text.substr(dash + 1);
  const Spec spec{parse_position(before), parse_position(after)};
  if (!spec.first && !before.empty()) return std::nullopt;
  if (!spec.last && !after.empty()) return std::nullopt;
  if (!spec.first && !spec.last) return std::nullopt;
  if (spec.first && spec.last && *spec.last < *spec.first) return std::nullopt;
  return spec;
}

/// The part of the representation that the spec selects, if it is satisfiable (section 14.1.2).
/// Empty only for a suffix of an empty representation.
std::optional<ByteRange> select(const Spec& spec, std::uint64_t size) {
  if (!spec.first) {
    const auto length = std::min(*spec.last, size);
    if (*spec.last == 0) return std::nullopt;
    return ByteRange{size - length, length};
  }
  if (*spec.first >= size) return std::nullopt;
  const auto last = std::min(spec.last.value_or(largest), size - 1);
  return ByteRange{*spec.first, last - *spec.first + 1};
}

/// Joins overlapping and adjacent ranges; a joined one takes the earliest place of those it is made
/// of (section 15.3.7.2: the order asked for should be kept).
std::vector<ByteRange> coalesce(const std::vector<ByteRange>& asked) {
  struct Placed {
    ByteRange range;
    std::size_t place;
  };
  std::vector<Placed> sorted;
  sorted.reserve(asked.size());
  for (std::size_t i = 0; i < asked.size(); ++i) sorted.push_back({asked[i], i});
  std::ranges::sort(sorted, {}, [](const Placed& p) { return p.range.offset; });

  std::vector<Placed> joined;
  for (const auto& [range, place] : sorted) {
    if (joined.empty() || range.offset > joined.back().range.offset + joined.back().range.length) {
      joined.push_back({range, place});
      continue;
    }
    auto& last = joined.back();
    const auto end = range.offset + range.length;
    last.range.length = std::max(last.range.length, end - last.range.offset);
    last.place = std::min(last.place, place);
  }
  std::ranges::sort(joined, {}, &Placed::place);

  std::vector<ByteRange> parts;
  parts.reserve(joined.size());
  for (const auto& placed : joined) parts.push_back(placed.range);
  return parts;
}

}  // namespace

RangeSet parse_ranges(std::string_view value, std::uint64_t size) {
  RangeSet whole;
  const auto equals = value.find('=');
  if (!equal_ignoring_case(value.substr(0, equals), "bytes")) return whole;
  if (equals == std::string_view::npos) return whole;

  auto rest = value.substr(equals + 1);
  std::vector<ByteRange> selected;
  std::size_t count = 0;
  while (const auto element = next_element(rest)) {
    const auto spec = parse_spec(*element);
    if (!spec || ++count > max_range_specs) return whole;
    if (const auto range = select(*spec, size)) selected.push_back(*range);
  }
  if (count == 0) return whole;
  if (selected.empty()) return {RangeSet::Kind::unsatisfiable, {}};
  if (size == 0) return whole;

  auto parts = coalesce(selected);
  if (parts.size() > max_range_parts) return whole;
  return {RangeSet::Kind::partial, std::move(parts)};
}

}  // namespace pixie::http
