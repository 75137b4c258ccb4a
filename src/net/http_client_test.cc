#include "net/http_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/testing.h"
#include "net/testing_web.h"

namespace pixie::net {
namespace {

using std::chrono::milliseconds;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

constexpr HttpClient::Limits patient{.time = std::chrono::seconds(30)};

HttpQuestion get(const std::string& url) { return {.url = http::Url::parse(url).value()}; }

Expected<HttpAnswer> fetch(const std::string& url, const HttpClient::Limits& limits = patient) {
  return HttpClient().ask(get(url), limits);
}

std::string text(const Expected<HttpAnswer>& answer) {
  return answer ? fmt::format("{} {}", answer->status, answer->body) : answer.error().text;
}

/// What the client makes of these bytes.
std::string reading(const std::string& bytes, const HttpClient::Limits& limits = patient) {
  const TestWebServer server([&](const auto&) { return bytes; });
  return text(fetch(server.url("/"), limits));
}

TEST(HttpClient, AsksAndReadsTheAnswer) {
  const TestWebServer server([](const auto&) { return test_answer(404, "none", "X-A: b\r\n"); });
  const auto answer = fetch(server.url("/v1/x?y=z"));
  ASSERT_TRUE(answer) << answer.error().text;
  EXPECT_EQ(text(answer), "404 none");
  EXPECT_EQ(answer->fields.find("x-a"), "b");
  ASSERT_THAT(server.requests(), SizeIs(1));
  EXPECT_THAT(
      server.requests()[0],
      AllOf(StartsWith("GET /v1/x?y=z HTTP/1.1\r\n"), Not(HasSubstr("Content-Length")),
            HasSubstr(fmt::format("Host: 127.0.0.1:{}\r\n", server.port())), EndsWith("\r\n\r\n")));
}

TEST(HttpClient, SendsABodyWithItsFields) {
  const TestWebServer server([](const auto&) { return "HTTP/1.1 204 none\r\n\r\n"; });
  auto question = get(server.url("/"));
  question.method = "PUT";
  question.headers = {{"Content-Type", "application/json"}};
  // More than a socket takes at once.
  question.body.assign(3'000'000, 'x');
  ASSERT_EQ(text(HttpClient().ask(question, patient)), "204 ");
  EXPECT_THAT(server.requests()[0], AllOf(StartsWith("PUT / "), HasSubstr(": application/json\r\n"),
                                          EndsWith("\r\n\r\n" + question.body)));
}

TEST(HttpClient, RefusesAFieldThatWouldForgeAnother) {
  const TestWebServer server([](const auto&) { return test_answer(200, ""); });
  for (const auto& [name, value] : {std::pair{"A", "b\r\nC: d"}, std::pair{"A\n", "b"},
                                    std::pair{"A:", "b"}, std::pair{"", "b"}}) {
    auto question = get(server.url("/"));
    question.headers = {{name, value}};
    EXPECT_FALSE(HttpClient().ask(question, patient));
  }
  EXPECT_THAT(server.requests(), SizeIs(0));
}

TEST(HttpClient, ReadsEveryKindOfBody) {
  EXPECT_EQ(reading("HTTP/1.0 200 ok\r\n\r\nto the end"), "200 to the end");
  EXPECT_EQ(reading("HTTP/1.1 200 ok\r\nTransfer-Encoding: chunked\r\n\r\n"
                    "3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nT: u\r\n\r\n"),
            "200 abcde");
  EXPECT_EQ(reading("HTTP/1.1 200 ok\r\nContent-Length: 3\r\n\r\nabcde"), "200 abc");
  EXPECT_EQ(reading("HTTP/1.1 100 go on\r\n\r\nHTTP/1.1 103 hints\r\nA: b\r\n\r\n" +
                    test_answer(200, "x")),
            "200 x");
  EXPECT_EQ(reading("HTTP/1.1 304 same\r\nContent-Length: 9\r\n\r\n"), "304 ");
}

TEST(HttpClient, SaysWhatIsWrongWithAnAnswer) {
  EXPECT_THAT(reading(""), HasSubstr("ended before the whole answer"));
  EXPECT_THAT(reading("HTTP/1.1 200 ok\r\nContent-Length: 9\r\n\r\nabc"),
              HasSubstr("ended before the whole answer"));
  EXPECT_THAT(reading("HTTP/1.1 200 ok\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab"),
              HasSubstr("ended before the whole answer"));
  EXPECT_THAT(reading("SSH-2.0-OpenSSH\r\n"), HasSubstr("not HTTP/1"));
  EXPECT_THAT(reading("HTTP/1.1 200 ok\r\nA: " + std::string(70'000, 'x') + "\r\n\r\n"),
              HasSubstr("header is larger"));
  std::string interim;
  for (int i = 0; i < 100; ++i) interim += "HTTP/1.1 100 go on\r\n\r\n";
  EXPECT_THAT(reading(interim), HasSubstr("without end"));
}

TEST(HttpClient, LimitsTheBody) {
  const HttpClient::Limits small{.time = patient.time, .body_bytes = 4};
  EXPECT_EQ(reading(test_answer(200, "abcd"), small), "200 abcd");
  EXPECT_THAT(reading(test_answer(200, "abcde"), small), HasSubstr("larger than 4 bytes"));
  EXPECT_THAT(reading("HTTP/1.1 200 ok\r\n\r\nabcde", small), HasSubstr("larger than 4 bytes"));
  EXPECT_THAT(reading("HTTP/1.1 200 ok\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n", small),
              HasSubstr("larger than 4 bytes"));
}

TEST(HttpClient, HeadHasNoBody) {
  const TestWebServer server(
      [](const auto&) { return "HTTP/1.1 200 ok\r\nContent-Length: 9\r\n\r\n"; });
  auto question = get(server.url("/"));
  question.method = "HEAD";
  EXPECT_EQ(text(HttpClient().ask(question, patient)), "200 ");
}

TEST(HttpClient, FollowsAGetOnly) {
  const TestWebServer server([](const std::string& request) {
    if (request.contains(" /there?x ")) return test_answer(200, "there");
    return test_answer(302, "", "Location: ../there?x\r\n");
  });
  auto question = get(server.url("/a/b"));
  EXPECT_EQ(text(HttpClient().ask(question, patient)), "200 there");
  question.method = "POST";
  EXPECT_EQ(text(HttpClient().ask(question, patient)), "302 ");
}

TEST(HttpClient, GivesUpARedirectionWithoutEnd) {
  const TestWebServer server([](const auto&) { return test_answer(301, "", "Location: /\r\n"); });
  EXPECT_THAT(text(fetch(server.url("/"))), HasSubstr("without end"));
  EXPECT_THAT(server.requests(), SizeIs(6));
}

TEST(HttpClient, KeepsItsAuthorizationForOneServer) {
  const TestWebServer other([](const auto&) { return test_answer(200, "other"); });
  const TestWebServer server([&](const std::string& request) {
    const auto next = request.starts_with("GET /a ") ? "/b" : other.url("/c");
    return test_answer(307, "", fmt::format("Location: {}\r\n", next));
  });
  auto question = get(server.url("/a"));
  question.headers = {{"authorization", "Bearer secret"}, {"Accept", "x"}};
  EXPECT_EQ(text(HttpClient().ask(question, patient)), "200 other");
  EXPECT_THAT(server.requests()[1], HasSubstr("secret"));
  EXPECT_THAT(other.requests()[0], AllOf(Not(HasSubstr("secret")), HasSubstr("Accept: x")));
}

TEST(HttpClient, NamesTheServerButNotThePath) {
  const TestWebServer server([](const auto&) { return ""; });
  const auto sentence = text(fetch(server.url("/hooks/secret")));
  EXPECT_THAT(sentence, AllOf(StartsWith(server.url("") + ": "), Not(HasSubstr("secret"))));
}

TEST(HttpClient, NeedsAListener) {
  std::string gone;
  {
    const TestWebServer server([](const auto&) { return ""; });
    gone = server.url("/");
  }
  EXPECT_THAT(text(fetch(gone)), HasSubstr("Connection refused"));
}

TEST(HttpClient, KnowsNamesOfTheHostsFileAndIpv6) {
  const TestWebServer server([](const auto&) { return test_answer(200, "x"); });
  // On either address of the name, whichever comes first.
  EXPECT_EQ(text(fetch(server.url("/", "localhost"))), "200 x");
}

TEST(HttpClient, SpeaksToAnIpv6Address) {
  in_own_network("link set lo up", [] {
    const TestWebServer server([](const auto&) { return test_answer(200, "x"); }, {}, "[::1]:0");
    EXPECT_EQ(text(fetch(server.url("/", "[::1]"))), "200 x");
    EXPECT_THAT(server.requests()[0], HasSubstr("Host: [::1]:"));
  });
}

TEST(HttpClient, GivesUpANameWhenNoServerAnswers) {
  // Packets to loopback's name servers are lost while it is down.
  in_own_network("link set lo down", [] {
    EXPECT_THAT(text(fetch("http://boot.example/", {.time = milliseconds(100)})),
                HasSubstr("the address of boot.example is not known"));
  });
}

TEST(HttpClient, HasADeadline) {
  HeldWebServer silent("");
  EXPECT_THAT(text(fetch(silent.url("/"), {.time = milliseconds(50)})),
              HasSubstr("no answer in time"));
  silent.release();
}

TEST(HttpClient, IsCalledOff) {
  HeldWebServer silent("");
  std::string sentence;
  std::jthread asking([&](const std::stop_token& stop) {
    sentence = text(HttpClient().ask(get(silent.url("/")), {.time = std::chrono::hours(24)}, stop));
  });
  silent.requests(1);
  asking.request_stop();
  asking.join();
  EXPECT_THAT(sentence, HasSubstr("called off"));
  silent.release();
}

class HttpClientTls : public testing::Test {
 protected:
  static std::string ok(const std::string& /*request*/) { return test_answer(200, "safe"); }
  std::string ask(const TestWebServer& server, const std::string& host) const {
    return text(client_.ask(get(server.url("/secret", host)), patient));
  }

  TestAuthority authority_;
  HttpClient client_{authority_.file()};
};

TEST_F(HttpClientTls, AsksAServerThatIsWhatItSays) {
  const TestWebServer by_address(ok, authority_.server("IP:127.0.0.1"));
  EXPECT_EQ(ask(by_address, "127.0.0.1"), "200 safe");
  EXPECT_EQ(ask(by_address, "127.0.0.1"), "200 safe");
  const TestWebServer by_name(ok, authority_.server("DNS:localhost"));
  EXPECT_EQ(ask(by_name, "localhost"), "200 safe");
}

TEST_F(HttpClientTls, RefusesAnotherName) {
  const TestWebServer server(ok, authority_.server("DNS:boot.example"));
  EXPECT_THAT(ask(server, "localhost"), HasSubstr("hostname mismatch"));
  EXPECT_THAT(ask(server, "127.0.0.1"), HasSubstr("IP address mismatch"));
  EXPECT_THAT(server.requests(), SizeIs(0));
}

TEST_F(HttpClientTls, RefusesAnUnknownAuthority) {
  const TestAuthority stranger;
  const TestWebServer server(ok, stranger.server("IP:127.0.0.1"));
  EXPECT_THAT(ask(server, "127.0.0.1"), HasSubstr("its certificate is not accepted"));
  EXPECT_THAT(server.requests(), SizeIs(0));
}

TEST_F(HttpClientTls, RefusesAnExpiredCertificate) {
  const TestWebServer server(ok, authority_.server("IP:127.0.0.1", true));
  EXPECT_THAT(ask(server, "127.0.0.1"), HasSubstr("certificate has expired"));
  EXPECT_THAT(server.requests(), SizeIs(0));
}

TEST_F(HttpClientTls, NoticesACutAnswer) {
  const TestWebServer server(
      [](const auto&) { return fmt::format("HTTP/1.1 200 ok\r\n\r\n{}", TestWebServer::cut); },
      authority_.server("IP:127.0.0.1"));
  EXPECT_THAT(ask(server, "127.0.0.1"), HasSubstr("TLS"));
}

TEST_F(HttpClientTls, SendsAndReadsMuch) {
  const std::string much(3'000'000, 'x');
  const TestWebServer server([&](const auto&) { return test_answer(200, much); },
                             authority_.server("IP:127.0.0.1"));
  auto question = get(server.url("/"));
  question.method = "POST";
  question.body = much;
  const auto answer = client_.ask(question, {.time = patient.time, .body_bytes = much.size()});
  ASSERT_TRUE(answer) << answer.error().text;
  EXPECT_EQ(answer->body, much);
  EXPECT_THAT(server.requests()[0], EndsWith(much));
}

TEST_F(HttpClientTls, IsNotLedToAServerInTheClear) {
  const TestWebServer plain([](const auto&) { return test_answer(200, "plain"); });
  const TestWebServer server(
      [&](const auto&) {
        return test_answer(302, "", fmt::format("Location: {}\r\n", plain.url("/")));
      },
      authority_.server("IP:127.0.0.1"));
  EXPECT_THAT(ask(server, "127.0.0.1"), HasSubstr("from https to http"));
  EXPECT_THAT(plain.requests(), SizeIs(0));
}

TEST_F(HttpClientTls, SaysThatAServerSpeaksNoTls) {
  const TestWebServer plain([](const auto&) { return test_answer(200, "plain"); });
  const auto url = fmt::format("https://127.0.0.1:{}/", plain.port());
  EXPECT_THAT(text(client_.ask(get(url), {.time = milliseconds(200)})), StartsWith("https://"));
}

TEST(HttpClientCertificates, MustBeReadable) {
  const HttpClient client("/nowhere/authority.pem");
  const TestAuthority authority;
  const TestWebServer server([](const auto&) { return ""; }, authority.server("IP:127.0.0.1"));
  EXPECT_THAT(text(client.ask(get(server.url("/")), patient)),
              HasSubstr("/nowhere/authority.pem holds no certificates"));
}

/// Takes all that comes, from where it may.
struct TestReceiver final : HttpReceiver {
  std::string forbidden_path = "none";
  bool connects = true;
  std::size_t most_bytes = 100;
  std::string told;

  Expected<void> may_ask(const http::Url& url) override {
    if (url.target == forbidden_path) return fail("not there");
    return {};
  }
  bool may_connect(const http::Url&, const wire::IpAddress&) override { return connects; }
  bool take_head(const HttpAnswer& answer) override {
    told += fmt::format("{} ", answer.status);
    return answer.status == 200;
  }
  bool take_body(std::string_view bytes) override {
    told += bytes;
    return told.size() < most_bytes;
  }
};

std::string download(const std::string& url, TestReceiver& receiver,
                     const HttpClient::Patiences& patiences = {}) {
  const auto answer = HttpClient().download(get(url), receiver, patiences, {});
  return answer ? receiver.told : answer.error().text;
}

TEST(HttpClient, HandsOverADownloadAsItComes) {
  const TestWebServer server([](const std::string& request) {
    return request.starts_with("GET /old")
               ? test_answer(302, "moved", "Location: /new\r\n")
               : "HTTP/1.1 103 hints\r\n\r\n" + test_answer(200, "hello");
  });
  TestReceiver receiver;
  EXPECT_EQ(download(server.url("/old"), receiver), "200 hello");
  TestReceiver strict;
  strict.forbidden_path = "/new";
  EXPECT_THAT(download(server.url("/old"), strict), EndsWith("not there"));
  EXPECT_EQ(strict.told, "");
  TestReceiver unconnected;
  unconnected.connects = false;
  EXPECT_THAT(download(server.url("/new"), unconnected), HasSubstr("may be asked"));
  EXPECT_THAT(server.requests(), SizeIs(3));
}

TEST(HttpClient, EndsADownloadThatIsNotWanted) {
  const TestWebServer server([](const std::string& request) {
    return request.starts_with("GET /none") ? test_answer(404, "no such file")
                                            : test_answer(200, std::string(3'000'000, 'x'));
  });
  TestReceiver refused;
  EXPECT_EQ(download(server.url("/none"), refused), "404 ");
  TestReceiver full;
  EXPECT_LT(download(server.url("/large"), full).size(), 1'000'000U);
}

TEST(HttpClient, GivesUpADownloadThatFallsSilent) {
  const TestWebServer server(
      [](const auto&) { return "HTTP/1.1 200 ok\r\nContent-Length: 9\r\n\r\nhello"; });
  TestReceiver receiver;
  EXPECT_THAT(download(server.url("/"), receiver), HasSubstr("ended before the whole"));
  EXPECT_EQ(receiver.told, "200 hello");
  std::latch gate(1);
  const TestWebServer silent([&](const auto&) {
    gate.wait();
    return std::string();
  });
  TestReceiver waiting;
  EXPECT_THAT(download(silent.url("/"), waiting, {.head = milliseconds(50)}),
              HasSubstr("no answer in time"));
  gate.count_down();
}

}  // namespace
}  // namespace pixie::net
