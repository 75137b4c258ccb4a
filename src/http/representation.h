// What a response needs to know of the thing that it sends; the bytes stay where they are.
#pragma once

#include <cstdint>
#include <ctime>
#include <optional>
#include <string>

namespace pixie::http {

/// The texts go into the head as they are: no control characters.
struct Representation {
  /// In bytes.
  std::uint64_t size = 0;
  /// A strong entity tag with its quotes, or empty if there is none.
  std::string etag;
  std::optional<std::time_t> modified;
  std::string content_type;
  /// The Cache-Control field's value; empty: no such field.
  std::string cache_control;
};

}  // namespace pixie::http
