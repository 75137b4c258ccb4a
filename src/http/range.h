// The Range field: which bytes of a representation a client wants (RFC 9110 section 14).
//
//   Range      = "bytes" "=" 1#range-spec             (the unit in any case; other units are
//   ignored) range-spec = 1*DIGIT "-" [ 1*DIGIT ]              (first and last position, both
//   inclusive)
//              / "-" 1*DIGIT                          (that many bytes at the end)
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace pixie::http {

/// `length` bytes from `offset` on.
struct ByteRange {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;

  bool operator==(const ByteRange&) const = default;
};

struct RangeSet {
  enum class Kind {
    whole,          ///< ignore the field: the whole representation, 200
    partial,        ///< `parts`, 206
    unsatisfiable,  ///< none of the ranges overlaps the representation, 416
  };
  Kind kind = Kind::whole;
  /// Never empty when partial, and no part is; disjoint, not adjacent, within the representation,
  /// in the order in which they were asked for.
  std::vector<ByteRange> parts;
};

/// More ranges than this as written, or more parts than this after overlapping and adjacent ranges
/// were joined, and the field is ignored: the defence that section 14.2 asks for.
inline constexpr std::size_t max_range_specs = 100;
inline constexpr std::size_t max_range_parts = 16;

/// `value` is the field's value, `size` the representation's in bytes. A field that is malformed
/// anywhere is ignored as a whole. Positions beyond 64 bits count as the largest. Of an empty
/// representation a suffix is the whole: 206 could not express it.
RangeSet parse_ranges(std::string_view value, std::uint64_t size);

}  // namespace pixie::http
