#include "http/response.h"

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <gmock/gmock.h>

namespace pixie::http {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr std::time_t modified = 784'111'777;  // Sun, 06 Nov 1994 08:49:37 GMT
constexpr std::time_t now = modified + 60;

using Lines = std::vector<std::pair<std::string_view, std::string_view>>;

Request get(const Lines& lines = {}, int version = 11) {
  Request request;
  request.method_text = "GET";
  request.target = "/a";
  request.version = version;
  for (const auto& [name, value] : lines) request.fields.add(name, value);
  return request;
}

Request head(const Lines& lines = {}) {
  Request request = get(lines);
  request.method = Method::head;
  request.method_text = "HEAD";
  return request;
}

Request post() {
  Request request = get();
  request.method = Method::other;
  request.method_text = "POST";
  return request;
}

Representation rom(std::uint64_t size = 1234) {
  return {size, "\"v1\"", modified, "application/efi", "no-cache"};
}

/// The body as a client would see it, of a representation whose bytes are its offsets' last digits.
std::string body(const Response& response) {
  std::string bytes;
  for (const Piece& piece : response.pieces) {
    if (const auto* text = std::get_if<std::string>(&piece)) bytes += *text;
    if (const auto* range = std::get_if<ByteRange>(&piece)) {
      for (std::uint64_t i = 0; i < range->length; ++i) {
        bytes += static_cast<char>('0' + (range->offset + i) % 10);
      }
    }
  }
  EXPECT_EQ(bytes.size(), response.body_bytes);
  return bytes;
}

/// The value of a field of the head; empty if there is none.
std::string field(const Response& response, std::string_view name) {
  const std::string start = "\r\n" + std::string(name) + ": ";
  const auto at = response.head.find(start);
  if (at == std::string::npos) return "";
  const auto value = at + start.size();
  return response.head.substr(value, response.head.find("\r\n", value) - value);
}

TEST(Response, WholeFile) {
  const auto response = respond(get({{"Host", "192.0.2.1"}}), rom(), now);
  EXPECT_EQ(response.head,
            "HTTP/1.1 200 OK\r\n"
            "Server: pixie\r\n"
            "Date: Sun, 06 Nov 1994 08:50:37 GMT\r\n"
            "Content-Type: application/efi\r\n"
            "Content-Length: 1234\r\n"
            "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
            "ETag: \"v1\"\r\n"
            "Cache-Control: no-cache\r\n"
            "Accept-Ranges: bytes\r\n"
            "\r\n");
  ASSERT_EQ(response.pieces.size(), 1U);
  EXPECT_EQ(std::get<ByteRange>(response.pieces[0]), (ByteRange{0, 1234}));
  EXPECT_EQ(response.body_bytes, 1234U);
  EXPECT_FALSE(response.close);
}

TEST(Response, HeadDiffersOnlyInItsBody) {
  // EDK2's HTTP Boot asks with HEAD for the size first.
  const auto response = respond(head(), rom(), now);
  EXPECT_EQ(response.head, respond(get(), rom(), now).head);
  EXPECT_TRUE(response.pieces.empty());
  EXPECT_EQ(response.body_bytes, 0U);
}

TEST(Response, EmptyAndHuge) {
  const auto empty = respond(get(), rom(0), now);
  EXPECT_EQ(field(empty, "Content-Length"), "0");
  EXPECT_TRUE(empty.pieces.empty());
  const auto huge = respond(get({{"Range", "bytes=-1"}}), rom(5'000'000'000), now);
  EXPECT_EQ(field(huge, "Content-Range"), "bytes 4999999999-4999999999/5000000000");
  EXPECT_EQ(field(huge, "Content-Length"), "1");
}

TEST(Response, LeavesOutWhatIsUnknown) {
  const auto response = respond(get(), {3, "", std::nullopt, "text/plain", ""}, now);
  for (const std::string_view name : {"ETag", "Last-Modified", "Cache-Control", "Connection"}) {
    EXPECT_THAT(response.head, Not(HasSubstr(name)));
  }
}

TEST(Response, LastModifiedIsNeverInTheFuture) {
  const auto response = respond(get(), rom(), modified - 10);
  EXPECT_EQ(field(response, "Last-Modified"), field(response, "Date"));
}

TEST(Response, ConnectionField) {
  const auto check = [](const Request& request, bool close, std::string_view value) {
    const auto response = respond(request, rom(), now);
    EXPECT_EQ(response.close, close);
    EXPECT_EQ(field(response, "Connection"), value);
  };
  check(get(), false, "");
  check(get({{"Connection", "keep-alive"}}), false, "");
  check(get({{"Connection", "close"}}), true, "close");
  check(get({}, 10), true, "close");
  check(get({{"Connection", "Keep-Alive"}}, 10), false, "keep-alive");
  EXPECT_THAT(respond(get({}, 10), rom(), now).head, StartsWith("HTTP/1.1 200 "));
}

TEST(Response, NotModifiedHasNoBodyAndNoMetadata) {
  const auto response = respond(get({{"If-None-Match", "\"v1\""}}), rom(), now);
  EXPECT_EQ(response.head,
            "HTTP/1.1 304 Not Modified\r\n"
            "Server: pixie\r\n"
            "Date: Sun, 06 Nov 1994 08:50:37 GMT\r\n"
            "ETag: \"v1\"\r\n"
            "Cache-Control: no-cache\r\n"
            "\r\n");
  EXPECT_TRUE(response.pieces.empty());

  auto untagged = rom();
  untagged.etag.clear();
  const auto dated =
      respond(head({{"If-Modified-Since", "Sun, 06 Nov 1994 08:49:37 GMT"}}), untagged, now);
  EXPECT_EQ(dated.status, 304);
  EXPECT_EQ(field(dated, "Last-Modified"), "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST(Response, StatusOfConditionalAndRangeRequests) {
  constexpr std::string_view same = "Sun, 06 Nov 1994 08:49:37 GMT";
  constexpr std::string_view earlier = "Sun, 06 Nov 1994 08:00:00 GMT";
  const struct {
    Lines lines;
    int status;
  } cases[] = {
      {{{"Range", "bytes=0-3"}}, 206},
      {{{"Range", "bytes=1234-"}}, 416},
      {{{"Range", "bytes=x"}}, 200},
      {{{"Range", "bytes=0-3"}, {"Range", "bytes=0-3"}}, 200},
      {{{"Range", "bytes=0-3"}, {"If-Match", "\"v1\""}}, 206},
      {{{"Range", "bytes=0-3"}, {"If-Match", "\"v2\""}}, 412},
      {{{"Range", "bytes=0-3"}, {"If-None-Match", "\"v1\""}}, 304},
      {{{"Range", "bytes=0-3"}, {"If-Unmodified-Since", earlier}}, 412},
      {{{"Range", "bytes=0-3"}, {"If-Range", "\"v1\""}}, 206},
      {{{"Range", "bytes=0-3"}, {"If-Range", "\"v2\""}}, 200},
      {{{"Range", "bytes=0-3"}, {"If-Range", "W/\"v1\""}}, 200},
      {{{"Range", "bytes=0-3"}, {"If-Range", same}}, 206},
      {{{"Range", "bytes=0-3"}, {"If-Range", earlier}}, 200},
      {{{"Range", "bytes=1234-"}, {"If-Range", "\"v2\""}}, 200},
      {{{"Range", "bytes=1234-"}, {"If-Match", "\"v2\""}}, 412},
      {{{"If-Range", "\"v2\""}}, 200},
  };
  for (const auto& [lines, status] : cases) {
    EXPECT_EQ(respond(get(lines), rom(), now).status, status)
        << lines.front().second << ", " << lines.back().first << ": " << lines.back().second;
  }
}

TEST(Response, OneRange) {
  const auto response = respond(get({{"Range", "bytes=10-14"}}), rom(), now);
  EXPECT_THAT(response.head, StartsWith("HTTP/1.1 206 Partial Content\r\n"));
  EXPECT_EQ(field(response, "Content-Range"), "bytes 10-14/1234");
  EXPECT_EQ(field(response, "Content-Length"), "5");
  EXPECT_EQ(field(response, "Content-Type"), "application/efi");
  EXPECT_EQ(field(response, "ETag"), "\"v1\"");
  EXPECT_EQ(body(response), "01234");
}

TEST(Response, SeveralRanges) {
  // RFC 9110 section 14.6.
  const auto response = respond(get({{"Range", "bytes=500-509,-4"}}), rom(), now);
  EXPECT_EQ(response.status, 206);
  EXPECT_EQ(field(response, "Content-Range"), "");
  const auto type = field(response, "Content-Type");
  ASSERT_THAT(type, StartsWith("multipart/byteranges; boundary=pixie-"));
  const auto boundary = type.substr(type.find('=') + 1);
  const auto bytes = body(response);
  EXPECT_EQ(bytes, "--" + boundary +
                       "\r\nContent-Type: application/efi\r\n"
                       "Content-Range: bytes 500-509/1234\r\n\r\n0123456789\r\n--" +
                       boundary +
                       "\r\nContent-Type: application/efi\r\n"
                       "Content-Range: bytes 1230-1233/1234\r\n\r\n0123\r\n--" +
                       boundary + "--\r\n");
  EXPECT_EQ(field(response, "Content-Length"), std::to_string(bytes.size()));
}

TEST(Response, SeveralRangesThatTouchAreOne) {
  const auto response = respond(get({{"Range", "bytes=5-9,0-4"}}), rom(), now);
  EXPECT_EQ(field(response, "Content-Range"), "bytes 0-9/1234");
  EXPECT_EQ(body(response), "0123456789");
}

TEST(Response, UnsatisfiableRangeTellsTheSize) {
  const auto response = respond(get({{"Range", "bytes=2000-"}}), rom(), now);
  EXPECT_THAT(response.head, StartsWith("HTTP/1.1 416 Range Not Satisfiable\r\n"));
  EXPECT_EQ(field(response, "Content-Range"), "bytes */1234");
  EXPECT_EQ(field(response, "Content-Length"), std::to_string(body(response).size()));
  EXPECT_FALSE(response.close);
}

TEST(Response, HeadIgnoresRanges) {
  const auto response = respond(head({{"Range", "bytes=2000-"}}), rom(), now);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(field(response, "Content-Length"), "1234");
}

TEST(Response, OtherMethodsAreRefused) {
  const auto response = respond(post(), rom(), now);
  EXPECT_EQ(response.status, 405);
  EXPECT_EQ(field(response, "Allow"), "GET, HEAD");
  EXPECT_FALSE(response.close);
}

TEST(Response, Errors) {
  const Request request = get();
  const auto missing = error_response(&request, 404, "There is no file /a.", now);
  EXPECT_THAT(missing.head, StartsWith("HTTP/1.1 404 Not Found\r\n"));
  EXPECT_EQ(field(missing, "Content-Type"), "text/plain; charset=utf-8");
  EXPECT_EQ(body(missing), "There is no file /a.\n");
  EXPECT_FALSE(missing.close);

  const auto busy = error_response(&request, 503, "Busy.", now, {{"Retry-After", "5"}});
  EXPECT_EQ(field(busy, "Retry-After"), "5");
  EXPECT_FALSE(busy.close);

  const Request asked = head();
  const auto silent = error_response(&asked, 404, "There is no file /a.", now);
  EXPECT_EQ(field(silent, "Content-Length"), "21");
  EXPECT_TRUE(silent.pieces.empty());
}

TEST(Response, ErrorsCloseWhereTheConnectionCannotGoOn) {
  const Request request = get();
  for (const int status : {400, 408, 413, 414, 417, 431, 501, 505}) {
    const auto response = error_response(&request, status, "No.", now);
    EXPECT_TRUE(response.close) << status;
    EXPECT_EQ(field(response, "Connection"), "close") << status;
  }
  const auto unparsed = error_response(nullptr, 400, "This is not HTTP.", now);
  EXPECT_TRUE(unparsed.close);
  EXPECT_EQ(body(unparsed), "This is not HTTP.\n");
}

TEST(Response, Redirects) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"extra/images/", "/extra/images/"},
      {"/extra/", "/extra/"},
      {"//evil.example/", "/evil.example/"},
      {"/\\evil.example/", "/%5Cevil.example/"},
      {"a b\r\nSet-Cookie: x/", "/a%20b%0D%0ASet-Cookie%3A%20x/"},
      {"", "/"},
  };
  for (const auto& [path, location] : cases) {
    const auto response = redirect(get(), path, now);
    EXPECT_EQ(response.status, 301);
    EXPECT_EQ(field(response, "Location"), location);
    EXPECT_THAT(response.head, EndsWith("\r\n\r\n"));
  }
}

TEST(Response, GeneratedPages) {
  const Request request = get();
  const auto page = text_response(&request, 200, "text/html; charset=utf-8", "<p>", now,
                                  {{"Cache-Control", "no-store"}});
  EXPECT_EQ(field(page, "Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(field(page, "Cache-Control"), "no-store");
  EXPECT_EQ(body(page), "<p>");

  const Request asked = head();
  const auto silent = text_response(&asked, 200, "text/html", "<p>", now);
  EXPECT_EQ(field(silent, "Content-Length"), "3");
  EXPECT_TRUE(silent.pieces.empty());
}

}  // namespace
}  // namespace pixie::http
