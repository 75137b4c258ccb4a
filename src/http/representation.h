// What a response needs to know of the thing that it sends; the bytes stay where they are.
#pragma once

#include <cstdint>
#include <ctime>
#include <optional>
#include <string>
#include <utility>
#include <vector>

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
  /// Further fields, of 200, 206 and 304 alike.
  std::vector<std::pair<std::string, std::string>> fields = {};
};

}  // namespace pixie::http
