#include "net/http_parser.h"

#include <gtest/gtest.h>

namespace pixie::net {
namespace {

struct Parsed {
  http::Request request;
  int status = 0;
  bool done = false;
  std::size_t consumed = 0;
};

/// Feeds the bytes `step` at a time, as they would come from a socket.
Parsed parse(std::string_view bytes, std::size_t step = std::string_view::npos) {
  Parsed parsed;
  RequestParser parser(parsed.request);
  std::size_t filled = std::min(step, bytes.size());
  while (!parser.is_done() && parsed.status == 0) {
    const auto progress = parser.feed(bytes.substr(parsed.consumed, filled - parsed.consumed));
    parsed.consumed += progress.consumed;
    if (progress.fault) parsed.status = progress.fault->status;
    if (progress.consumed > 0 && parsed.consumed < filled) continue;
    if (filled == bytes.size()) break;
    filled = std::min(bytes.size(), filled + step);
  }
  parsed.done = parser.is_done();
  return parsed;
}

TEST(RequestParser, FillsInTheRequest) {
  for (const std::size_t step : {1, 7, 1000}) {
    const auto parsed =
        parse("HEAD /ipxe/a?b=c HTTP/1.1\r\nHost: x\r\nRange:  bytes=0-1 \r\n\r\nGET ", step);
    ASSERT_TRUE(parsed.done);
    EXPECT_EQ(parsed.request.method, http::Method::head);
    EXPECT_EQ(parsed.request.target, "/ipxe/a?b=c");
    EXPECT_EQ(parsed.request.version, 11);
    EXPECT_EQ(parsed.request.fields.find("range"), "bytes=0-1");
    EXPECT_EQ(parsed.consumed,
              std::string_view("HEAD /ipxe/a?b=c HTTP/1.1\r\nHost: x\r\nRange:  bytes=0-1 \r\n\r\n")
                  .size());
  }
}

TEST(RequestParser, TakesBothKindsOfBody) {
  for (const std::size_t step : {1, 1000}) {
    const auto sized = parse("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello", step);
    EXPECT_TRUE(sized.done);
    EXPECT_EQ(sized.request.body, "hello");
    const auto chunked = parse(
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: "
        "chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n",
        step);
    EXPECT_TRUE(chunked.done);
    EXPECT_EQ(chunked.request.body, "hello");
  }
}

struct Hostile {
  const char* what;
  std::string bytes;
  int status;
};

TEST(RequestParser, RefusesWhatCouldBeReadInTwoWays) {
  const std::string start = "POST / HTTP/1.1\r\nHost: x\r\n";
  const Hostile cases[] = {
      {"two lengths", start + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", 400},
      {"a signed length", start + "Content-Length: +5\r\n\r\nhello", 400},
      {"a list of lengths", start + "Content-Length: 5, 6\r\n\r\nhello", 400},
      {"length and chunked",
       start + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"chunked and length",
       start + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400},
      {"a coding of another name", start + "Transfer-Encoding: gzip\r\n\r\n", 501},
      {"two codings", start + "Transfer-Encoding: gzip, chunked\r\n\r\n", 501},
      {"a coding with a blank in it", start + "Transfer-Encoding: chun ked\r\n\r\n", 501},
      {"a coding in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       400},
      {"a blank before the colon", start + "Content-Length : 5\r\n\r\nhello", 400},
      {"a field without a name", start + ": x\r\n\r\n", 400},
      {"a control character", start + "A: b\x01\r\n\r\n", 400},
      {"a later version", "GET / HTTP/2.0\r\n\r\n", 505},
      {"no version", "GET /\r\n\r\n", 400},
      {"not HTTP at all", "\x16\x03\x01\x02\r\n\r\n", 400},
      {"a long target", "GET /" + std::string(5000, 'a') + " HTTP/1.1\r\n\r\n", 414},
      {"a large header", start + "A: " + std::string(20'000, 'a') + "\r\n\r\n", 431},
      {"a large body", start + "Content-Length: 70000\r\n\r\n", 413},
      {"a chunk extension without end",
       start + "Transfer-Encoding: chunked\r\n\r\n0;" + std::string(20'000, 'a'), 431},
      {"a chunk that is none", start + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n", 400},
  };
  for (const auto& hostile : cases) {
    const auto parsed = parse(hostile.bytes);
    EXPECT_EQ(parsed.status, hostile.status) << hostile.what;
    EXPECT_FALSE(parsed.done) << hostile.what;
  }
}

TEST(RequestParser, CountsAHeaderThatComesInPieces) {
  http::Request request;
  RequestParser parser(request);
  int status = 0;
  std::string pending = "GET / HTTP/1.1\r\nX:";
  for (int i = 0; i < 10 && status == 0; ++i) {
    const auto progress = parser.feed(pending);
    if (progress.fault) status = progress.fault->status;
    pending.erase(0, progress.consumed);
    pending += " " + std::string(6000, 'a') + "\r\nX:";
  }
  EXPECT_EQ(status, 431);
}

}  // namespace
}  // namespace pixie::net
