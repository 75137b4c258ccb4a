#include "net/http_client.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include <fmt/format.h>

#include "http/syntax.h"
#include "net/http_answer_parser.h"
#include "net/http_stream.h"
#include "net/patience.h"
#include "net/resolver.h"
#include "net/tls.h"

namespace pixie::net {
namespace {

constexpr int max_redirections = 5;
constexpr int max_interim_answers = 8;

bool has_control(std::string_view text) {
  return std::ranges::any_of(
      text, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; });
}

bool is_field(std::string_view name, std::string_view value) {
  return !name.empty() && name.find_first_of(" :\t") == std::string_view::npos &&
         !has_control(name) && !has_control(value);
}

Expected<std::string> request_text(const HttpQuestion& question) {
  auto text =
      fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: pixie\r\nConnection: close\r\n",
                  question.method, question.url.target, question.url.authority());
  for (const auto& [name, value] : question.headers) {
    if (!is_field(name, value)) return fail("a header field can't be sent as it is");
    text += fmt::format("{}: {}\r\n", name, value);
  }
  // RFC 9110 section 8.6: methods that have a body say so even if it is empty.
  const bool without_body =
      question.method == "GET" || question.method == "HEAD" || question.method == "DELETE";
  if (!without_body || !question.body.empty())
    text += fmt::format("Content-Length: {}\r\n", question.body.size());
  return fmt::format("{}\r\n{}", text, question.body);
}

/// The first of the server's addresses that takes a connection; each gets its share of the time.
Expected<tree::Descriptor> connect_to(const http::Url& url, const Patience& patience) {
  const auto addresses = resolve(url.host, patience);
  if (!addresses) return std::unexpected(addresses.error());
  std::string obstacle;
  for (std::size_t i = 0; i < addresses->size(); ++i) {
    const wire::Endpoint server{(*addresses)[i], url.port};
    auto socket = connect_tcp(server, patience, patience.share(addresses->size() - i));
    if (socket) return std::move(*socket);
    if (!obstacle.empty()) obstacle += "; ";
    obstacle += fmt::format("no connection to {}: {}", server.text(), wait_error(socket.error()));
    if (socket.error() == ECANCELED) break;
  }
  return fail(std::move(obstacle));
}

Expected<HttpAnswer> read_answer(HttpStream& stream, std::size_t body_bytes, bool bodyless) {
  std::array<char, 16 * 1024> buffer;
  std::string waiting;
  for (int count = 0; count < max_interim_answers; ++count) {
    HttpAnswer answer;
    AnswerParser parser(answer, body_bytes, bodyless);
    while (!parser.is_done()) {
      // What follows an interim answer may have come with it.
      const auto consumed = waiting.empty() ? Expected<std::size_t>(0) : parser.feed(waiting);
      if (!consumed) return std::unexpected(consumed.error());
      waiting.erase(0, *consumed);
      if (*consumed > 0) continue;
      const auto size = stream.receive(buffer);
      if (!size) return std::unexpected(size.error());
      waiting.append(buffer.data(), *size);
      if (*size > 0) continue;
      if (auto ended = parser.end(); !ended) return std::unexpected(ended.error());
    }
    if (answer.status >= 200) return answer;
  }
  return fail("it sends interim answers (1xx) without end");
}

class Exchange {
 public:
  Exchange(const TlsContext& tls, const HttpClient::Limits& limits, const Patience& patience)
      : tls_(tls), limits_(limits), patience_(patience) {}

  Expected<HttpAnswer> run(const HttpQuestion& question) const {
    const auto request = request_text(question);
    if (!request) return std::unexpected(request.error());
    auto stream = open(question.url);
    if (!stream) return std::unexpected(stream.error());
    if (auto sent = (*stream)->send(*request); !sent) return std::unexpected(sent.error());
    return read_answer(**stream, limits_.body_bytes, question.method == "HEAD");
  }

 private:
  Expected<std::unique_ptr<HttpStream>> open(const http::Url& url) const {
    auto socket = connect_to(url, patience_);
    if (!socket) return std::unexpected(socket.error());
    auto plain = plain_stream(std::move(*socket), patience_);
    if (!url.secure) return plain;
    return tls_.connect(std::move(plain), url.host);
  }

  const TlsContext& tls_;
  const HttpClient::Limits& limits_;
  const Patience& patience_;
};

bool is_redirection(int status) {
  constexpr std::array redirections{301, 302, 303, 307, 308};
  return std::ranges::find(redirections, status) != redirections.end();
}

/// The path is left out: it may hold a secret.
std::string origin(const http::Url& url) {
  return fmt::format("{}://{}", url.secure ? "https" : "http", url.authority());
}

/// Turns the question to where the answer points. False if it points nowhere.
Expected<bool> follow(const HttpAnswer& answer, HttpQuestion& question) {
  const auto location = answer.fields.find("Location");
  if (question.method != "GET" || !is_redirection(answer.status) || !location) return false;
  auto next = question.url.resolve(*location);
  if (!next) return std::unexpected(next.error());
  if (question.url.secure && !next->secure)
    return fail("it points from https to http, which is not followed");
  if (origin(*next) != origin(question.url)) {
    std::erase_if(question.headers, [](const auto& header) {
      return http::equal_ignoring_case(header.first, "Authorization");
    });
  }
  question.url = std::move(*next);
  return true;
}

}  // namespace

HttpClient::HttpClient(std::string more_certificates)
    : tls_(std::make_unique<TlsContext>(std::move(more_certificates))) {}

HttpClient::~HttpClient() = default;

Expected<HttpAnswer> HttpClient::ask(const HttpQuestion& question, const Limits& limits,
                                     const std::stop_token& stop) const {
  const Patience patience(Clock::now() + limits.time, stop);
  const Exchange exchange(*tls_, limits, patience);
  auto current = question;
  const auto wrong = [&](std::string_view what) {
    return fail(fmt::format("{}: {}", origin(current.url), what));
  };
  for (int count = 0; count <= max_redirections; ++count) {
    auto answer = exchange.run(current);
    if (!answer) return wrong(answer.error().text);
    const auto followed = follow(*answer, current);
    if (!followed) return wrong(followed.error().text);
    if (!*followed) return answer;
  }
  return wrong("it points from one address to the next without end");
}

}  // namespace pixie::net
