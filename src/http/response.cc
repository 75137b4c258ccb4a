#include "http/response.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "http/conditional.h"
#include "http/date.h"
#include "http/target.h"

namespace pixie::http {
namespace {

/// Whether bytes of this request may still be to come, or what was read may not be one request.
bool ends_connection(int status) {
  constexpr int ending[] = {400, 408, 413, 414, 417, 431, 501, 505};
  return std::ranges::find(ending, status) != std::end(ending);
}

void add_field(std::string& head, std::string_view name, std::string_view value) {
  head.append(name).append(": ").append(value).append("\r\n");
}

void add_number(std::string& head, std::string_view name, std::uint64_t value) {
  head.append(name).append(": ");
  fmt::format_to(std::back_inserter(head), "{}\r\n", value);
}

void add_date(std::string& head, std::string_view name, std::time_t when) {
  head.append(name).append(": ");
  append_date(head, when);
  head.append("\r\n");
}

/// Room for every head but one with unusually long extra fields, so that it is allocated once.
constexpr std::size_t usual_head_size = 448;

Response begin(const Request* request, int status, std::time_t now, std::size_t extra_size = 0) {
  Response response;
  response.status = status;
  response.close = request == nullptr || !keep_alive(*request);
  response.head.reserve(usual_head_size + extra_size);
  fmt::format_to(std::back_inserter(response.head), "HTTP/1.1 {} {}\r\nServer: pixie\r\n", status,
                 reason_phrase(status));
  add_date(response.head, "Date", now);
  return response;
}

/// An HTTP/1.0 client takes the connection for closed unless it is told otherwise (RFC 9112
/// section 9.3).
void end_head(Response& response, const Request* request) {
  if (response.close) {
    add_field(response.head, "Connection", "close");
  } else if (request->version < 11) {
    add_field(response.head, "Connection", "keep-alive");
  }
  response.head.append("\r\n");
}

Response begin(const Request& request, int status, const Representation& representation,
               std::time_t now) {
  const auto texts = representation.etag.size() + representation.content_type.size() +
                     representation.cache_control.size();
  return begin(&request, status, now, texts);
}

/// The fields that a 304 has in common with the 200 it stands for (section 15.4.5): Last-Modified
/// only if nothing better identifies the version.
void add_caching_fields(std::string& head, const Representation& representation) {
  if (!representation.etag.empty()) add_field(head, "ETag", representation.etag);
  if (!representation.cache_control.empty()) {
    add_field(head, "Cache-Control", representation.cache_control);
  }
  for (const auto& [name, value] : representation.fields) add_field(head, name, value);
}

/// Never later than the Date field (section 8.8.2.1): clocks of file servers differ.
void add_modified(std::string& head, const Representation& representation, std::time_t now) {
  if (representation.modified) {
    add_date(head, "Last-Modified", std::min(*representation.modified, now));
  }
}

std::string content_range(ByteRange range, std::uint64_t size) {
  return fmt::format("bytes {}-{}/{}", range.offset, range.offset + range.length - 1, size);
}

void add_piece(Response& response, ByteRange range) {
  if (range.length == 0) return;
  response.body_bytes += range.length;
  response.pieces.emplace_back(range);
}

void add_piece(Response& response, std::string text) {
  response.body_bytes += text.size();
  response.pieces.emplace_back(std::move(text));
}

Response not_modified(const Request& request, const Representation& representation,
                      std::time_t now) {
  auto response = begin(request, 304, representation, now);
  add_caching_fields(response.head, representation);
  if (representation.etag.empty()) add_modified(response.head, representation, now);
  end_head(response, &request);
  return response;
}

/// The head of a 200 or 206 whose body has `length` bytes.
void finish_head(Response& response, const Request& request, const Representation& representation,
                 std::string_view content_type, std::uint64_t length, std::time_t now) {
  add_field(response.head, "Content-Type", content_type);
  add_number(response.head, "Content-Length", length);
  add_modified(response.head, representation, now);
  add_caching_fields(response.head, representation);
  add_field(response.head, "Accept-Ranges", "bytes");
  end_head(response, &request);
}

Response whole(const Request& request, const Representation& representation, std::time_t now) {
  auto response = begin(request, 200, representation, now);
  finish_head(response, request, representation, representation.content_type, representation.size,
              now);
  if (request.method == Method::get) add_piece(response, ByteRange{0, representation.size});
  return response;
}

Response single_part(const Request& request, const Representation& representation, ByteRange range,
                     std::time_t now) {
  auto response = begin(request, 206, representation, now);
  add_field(response.head, "Content-Range", content_range(range, representation.size));
  finish_head(response, request, representation, representation.content_type, range.length, now);
  add_piece(response, range);
  return response;
}

/// multipart/byteranges (section 14.6). The boundary follows from the version of the representation
/// and the time, so that no content that is older than the request can hold it but by a chance of
/// 2^-64.
Response multipart(const Request& request, const Representation& representation,
                   const std::vector<ByteRange>& parts, std::time_t now) {
  const auto seed = fmt::format("{} {} {}", representation.etag, representation.size, now);
  const auto boundary = fmt::format("pixie-{:016x}", std::hash<std::string>{}(seed));

  auto response = begin(request, 206, representation, now);
  for (const ByteRange part : parts) {
    const std::string_view line_end = response.pieces.empty() ? "" : "\r\n";
    add_piece(response, fmt::format("{}--{}\r\nContent-Type: {}\r\nContent-Range: {}\r\n\r\n",
                                    line_end, boundary, representation.content_type,
                                    content_range(part, representation.size)));
    add_piece(response, part);
  }
  add_piece(response, fmt::format("\r\n--{}--\r\n", boundary));
  finish_head(response, request, representation,
              fmt::format("multipart/byteranges; boundary={}", boundary), response.body_bytes, now);
  return response;
}

Response selected(const Request& request, const Representation& representation, std::time_t now) {
  // A repeated Range field is malformed, and so ignored.
  const auto range = request.fields.find_single("Range");
  if (!range || request.method != Method::get || !range_applies(request, representation, now)) {
    return whole(request, representation, now);
  }
  const auto ranges = parse_ranges(*range, representation.size);
  switch (ranges.kind) {
    case RangeSet::Kind::whole:
      return whole(request, representation, now);
    case RangeSet::Kind::unsatisfiable:
      return error_response(
          &request, 416,
          fmt::format("The range lies outside of the {} bytes there are.", representation.size),
          now, {{"Content-Range", fmt::format("bytes */{}", representation.size)}});
    case RangeSet::Kind::partial:
      break;
  }
  if (ranges.parts.size() > 1) return multipart(request, representation, ranges.parts, now);
  return single_part(request, representation, ranges.parts.front(), now);
}

}  // namespace

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 301:
      return "Moved Permanently";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 411:
      return "Length Required";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 416:
      return "Range Not Satisfiable";
    case 417:
      return "Expectation Failed";
    case 422:
      return "Unprocessable Content";
    case 428:
      return "Precondition Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    case 507:
      return "Insufficient Storage";
    default:
      return "";
  }
}

Response respond(const Request& request, const Representation& representation, std::time_t now) {
  if (request.method == Method::other) {
    return error_response(&request, 405, "This can only be read: use GET or HEAD.", now,
                          {{"Allow", "GET, HEAD"}});
  }
  switch (check_preconditions(request, representation, now)) {
    case Precondition::not_modified:
      return not_modified(request, representation, now);
    case Precondition::failed:
      return error_response(&request, 412, "This is no longer the version you asked for.", now);
    case Precondition::holds:
      break;
  }
  return selected(request, representation, now);
}

Response text_response(const Request* request, int status, std::string_view content_type,
                       std::string body, std::time_t now, Headers extra) {
  auto response = begin(request, status, now);
  response.close |= ends_connection(status);
  add_field(response.head, "Content-Type", content_type);
  add_number(response.head, "Content-Length", body.size());
  for (const Header& header : extra) add_field(response.head, header.name, header.value);
  end_head(response, request);
  const bool head_only = request != nullptr && request->method == Method::head;
  if (!head_only && !body.empty()) add_piece(response, std::move(body));
  return response;
}

Response error_response(const Request* request, int status, std::string_view sentence,
                        std::time_t now, Headers extra) {
  return text_response(request, status, "text/plain; charset=utf-8", fmt::format("{}\n", sentence),
                       now, extra);
}

Response made_response(const Request& request, Made made, std::time_t now) {
  auto response = begin(&request, made.status, now);
  response.close |= ends_connection(made.status);
  const bool has_body = made.status != 204 && made.status != 304;
  if (has_body) {
    add_field(response.head, "Content-Type", made.content_type);
    add_number(response.head, "Content-Length", made.body.size());
  }
  for (const auto& [name, value] : made.fields) add_field(response.head, name, value);
  end_head(response, &request);
  if (has_body && request.method != Method::head && !made.body.empty())
    add_piece(response, std::move(made.body));
  return response;
}

Response stream_response(const Request& request, std::string_view content_type, std::time_t now) {
  auto response = begin(&request, 200, now);
  response.close = true;
  add_field(response.head, "Content-Type", content_type);
  add_field(response.head, "Cache-Control", "no-cache");
  end_head(response, &request);
  return response;
}

Response redirect(const Request& request, std::string_view path, std::time_t now) {
  std::string location = "/";
  append_encoded_path(location, path.substr(std::min(path.find_first_not_of('/'), path.size())));
  return text_response(&request, 301, "text/plain; charset=utf-8",
                       fmt::format("This is at {} now.\n", location), now,
                       {{"Location", location}});
}

}  // namespace pixie::http
