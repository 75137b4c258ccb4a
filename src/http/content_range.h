// The Content-Range field of a request (RFC 9110 sections 14.4 and 14.5): which part of the whole its body is.
//
//   Content-Range = "bytes" SP ( 1*DIGIT "-" 1*DIGIT / "*" ) "/" 1*DIGIT
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "http/range.h"

namespace pixie::http {

struct ContentRange {
  /// Nothing for `*`.
  std::optional<ByteRange> part;
  std::uint64_t size = 0;
};

/// Nothing if it is malformed, of another unit, without a size, or if the part is not within it.
std::optional<ContentRange> parse_content_range(std::string_view text);

}  // namespace pixie::http
