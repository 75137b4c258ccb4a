// What is answered to a request: the head's bytes, and the body as a list of pieces that the edge
// sends after it. All responses are HTTP/1.1 with a known length; none is chunked.
//
// Threading: pure functions, callable from any thread. `now` is the wall clock, for the Date field.
#pragma once

#include <cstdint>
#include <ctime>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "http/range.h"
#include "http/representation.h"
#include "http/request.h"

namespace pixie::http {

/// Text to send as it is, or bytes of the representation.
using Piece = std::variant<std::string, ByteRange>;

struct Response {
  int status = 200;
  /// Status line and fields, with the empty line at its end.
  std::string head;
  /// The body; empty for HEAD, and where the status has none.
  std::vector<Piece> pieces;
  /// The connection is to be closed after the body (the head says so).
  bool close = false;
  /// Sum of the pieces' lengths.
  std::uint64_t body_bytes = 0;
};

/// `Not Found` for 404 (RFC 9110 section 15, RFC 4918, RFC 6585); empty for a status that pixie never sends.
std::string_view reason_phrase(int status);

/// A field to put into the head as it is: the value must hold no control character.
struct Header {
  std::string_view name;
  std::string_view value;
};
using Headers = std::initializer_list<Header>;

/// Answers GET or HEAD with the representation or what the conditional and range fields select of
/// it: 200, 206, 304, 412 or 416 (in the order of RFC 9110 section 13.2.2); any other method with
/// 405. Range counts for GET only (section 14.2).
Response respond(const Request& request, const Representation& representation, std::time_t now);

/// Answers with a body made for this request; HEAD gets its length only. `request` is null if it
/// could not be parsed. Closes the connection also where the rest of the request may be unread or
/// can't be trusted: with a null `request`, and after 400, 408, 413, 414, 417, 431, 501 and 505.
/// 405 wants Allow among the extra fields, 503 Retry-After (seconds; iPXE honours it). Not for
/// statuses without a body (1xx, 204, 304).
Response text_response(const Request* request, int status, std::string_view content_type,
                       std::string body, std::time_t now, Headers extra = {});

/// As text_response(), with `sentence` and a newline as plain text.
Response error_response(const Request* request, int status, std::string_view sentence,
                        std::time_t now, Headers extra = {});

/// An answer that somebody else made of a request.
struct Made {
  int status = 200;
  std::string content_type = {};
  std::string body = {};
  std::vector<std::pair<std::string, std::string>> fields = {};
};

/// Sends what was made: without a body and its fields for 204 and 304, its length only for HEAD.
Response made_response(const Request& request, Made made, std::time_t now);

/// The head of a 200 whose body has no known length: the end of the connection ends it. The pieces are empty.
Response stream_response(const Request& request, std::string_view content_type, std::time_t now);

/// 301 to another path of this server, given decoded (`extra/images/`). However many slashes it
/// begins with, the Location begins with exactly one: `//host` would lead to another server.
Response redirect(const Request& request, std::string_view path, std::time_t now);

}  // namespace pixie::http
