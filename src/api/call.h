// One call of the API and its answer, without a socket.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/filter.h"
#include "http/request.h"
#include "http/response.h"
#include "http/target.h"
#include "images/upload.h"

namespace pixie::api {

/// Where the API begins, without a slash at either end.
inline constexpr std::string_view base_path = "api/v1";

struct Call {
  /// As it was sent; HEAD counts as GET.
  std::string method;
  /// The path below base_path, decoded: `machines`, `52:54:00:ab:cd:ef`.
  std::vector<std::string> segments;
  http::Target target;
  std::optional<std::string> authorization;
  std::optional<std::string> if_match;
  std::optional<std::string> if_none_match;
  std::optional<std::string> content_type;
  std::optional<std::string> content_range;
  /// Of a body that may still be to come; 0 if there is none, nothing if that is not known beforehand.
  std::optional<std::uint64_t> content_length;
  std::optional<std::string> host;
  std::optional<std::string> origin;
  std::string body;
  /// It comes from this machine itself, and no proxy brought it.
  bool loopback = false;
};

/// The call that a request makes; nothing if its path is not below base_path. `from_loopback`: the peer's address is a
/// loopback address. A field that may not be repeated and is counts as one that was sent empty.
std::optional<Call> call_of(const http::Request& request, const http::Target& target,
                            bool from_loopback);

/// What is to be done with an image's file, and answered then (image_calls.h): it may take its time.
struct ImageOrder {
  enum class What : std::uint8_t {
    /// The call's body is the part of the file.
    take,
    /// How much of it is here?
    look_up,
    remove,
  };
  What what;
  images::UploadPart part;
};

struct Answer {
  http::Made made;
  /// Set for the stream of events: after the head the connection is the subscriber's (see Feed), without a length.
  std::optional<Filter> follow = {};
  /// Set where an image's file is to be written or removed before anything can be answered.
  std::optional<ImageOrder> order = {};
};

/// Puts in the fields that all answers of the API have.
void add_common_fields(Answer& answer);

/// A problem document (RFC 9457). `detail` is one sentence for people; bytes that are no UTF-8 are replaced.
Answer problem(int status, std::string_view detail);

inline std::unexpected<Answer> refuse(int status, std::string_view detail) {
  return std::unexpected(problem(status, detail));
}

}  // namespace pixie::api
