#include "net/http_client.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <functional>
#include <optional>
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
constexpr std::size_t buffer_bytes = 64 * 1024;

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

/// The addresses of the URL's host that the receiver, if there is one, agrees to.
Expected<std::vector<wire::IpAddress>> addresses_of(const http::Url& url, HttpReceiver* receiver,
                                                    const Patience& patience) {
  auto addresses = resolve(url.host, patience);
  if (!addresses || !receiver) return addresses;
  std::erase_if(*addresses,
                [&](const auto& address) { return !receiver->may_connect(url, address); });
  if (addresses->empty())
    return fail(fmt::format("no address of {} is one that may be asked", url.host));
  return addresses;
}

/// The first of the server's addresses that takes a connection; each gets its share of the time.
Expected<tree::Descriptor> connect_to(const http::Url& url, HttpReceiver* receiver,
                                      const Patience& patience) {
  const auto addresses = addresses_of(url, receiver, patience);
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

/// Feeds the parser until the answer is whole, or refused. `waiting`: what came and is not parsed.
Expected<void> read_one(HttpStream& stream, AnswerParser& parser, std::string& waiting) {
  std::vector<char> buffer(buffer_bytes);
  while (!parser.is_done() && !parser.is_refused()) {
    // What follows an interim answer may have come with it.
    const auto consumed = waiting.empty() ? Expected<std::size_t>(0) : parser.feed(waiting);
    if (!consumed) return std::unexpected(consumed.error());
    waiting.erase(0, *consumed);
    if (*consumed > 0 || parser.is_refused()) continue;
    const auto size = stream.receive(buffer);
    if (!size) return std::unexpected(size.error());
    waiting.append(buffer.data(), *size);
    if (*size > 0) continue;
    if (auto ended = parser.end(); !ended) return ended;
  }
  return {};
}

class Exchange {
 public:
  Exchange(const TlsContext& tls, const Patience& patience) : tls_(tls), patience_(patience) {}

  Expected<HttpAnswer> run(const HttpQuestion& question, std::size_t body_bytes) const {
    const bool bodyless = question.method == "HEAD";
    const auto make = [&](HttpAnswer& answer) {
      return std::make_unique<AnswerParser>(answer, body_bytes, bodyless);
    };
    return ask(question, nullptr, make);
  }

  Expected<HttpAnswer> run(const HttpQuestion& question, HttpReceiver& receiver) const {
    const auto make = [&](HttpAnswer& answer) {
      return std::make_unique<AnswerParser>(answer, receiver);
    };
    return ask(question, &receiver, make);
  }

 private:
  using MakeParser = std::function<std::unique_ptr<AnswerParser>(HttpAnswer&)>;

  Expected<HttpAnswer> ask(const HttpQuestion& question, HttpReceiver* receiver,
                           const MakeParser& make_parser) const {
    const auto request = request_text(question);
    if (!request) return std::unexpected(request.error());
    auto stream = open(question.url, receiver);
    if (!stream) return std::unexpected(stream.error());
    if (auto sent = (*stream)->send(*request); !sent) return std::unexpected(sent.error());
    std::string waiting;
    for (int count = 0; count < max_interim_answers; ++count) {
      HttpAnswer answer;
      const auto parser = make_parser(answer);
      if (auto read = read_one(**stream, *parser, waiting); !read)
        return std::unexpected(read.error());
      if (answer.status >= 200) return answer;
    }
    return fail("it sends interim answers (1xx) without end");
  }

  Expected<std::unique_ptr<HttpStream>> open(const http::Url& url, HttpReceiver* receiver) const {
    auto socket = connect_to(url, receiver, patience_);
    if (!socket) return std::unexpected(socket.error());
    auto plain = plain_stream(std::move(*socket), patience_);
    if (!url.secure) return plain;
    return tls_.connect(std::move(plain), url.host);
  }

  const TlsContext& tls_;
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

/// Where the answer points to; nothing if it is an answer itself.
std::optional<std::string_view> pointer_in(const HttpAnswer& answer) {
  return is_redirection(answer.status) ? answer.fields.find("Location") : std::nullopt;
}

/// Turns the question to where the answer points. False if it points nowhere.
Expected<bool> follow(const HttpAnswer& answer, HttpQuestion& question) {
  const auto location = pointer_in(answer);
  if (question.method != "GET" || !location) return false;
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

/// Hands over the last answer only; with each piece of it the patience begins anew.
class LastAnswer final : public HttpReceiver {
 public:
  LastAnswer(HttpReceiver& receiver, Patience& patience, std::chrono::milliseconds silence)
      : receiver_(receiver), patience_(patience), silence_(silence) {}

  Expected<void> may_ask(const http::Url& url) override { return receiver_.may_ask(url); }
  bool may_connect(const http::Url& url, const wire::IpAddress& address) override {
    return receiver_.may_connect(url, address);
  }
  bool take_head(const HttpAnswer& answer) override {
    if (pointer_in(answer)) return false;
    const bool wanted = receiver_.take_head(answer);
    patience_.renew(Clock::now() + silence_);
    return wanted;
  }
  bool take_body(std::string_view bytes) override {
    patience_.renew(Clock::now() + silence_);
    return receiver_.take_body(bytes);
  }

 private:
  HttpReceiver& receiver_;
  Patience& patience_;
  const std::chrono::milliseconds silence_;
};

/// Asks, and where it is pointed to, as often as that may be.
template <class Ask>
Expected<HttpAnswer> ask_until_answered(HttpQuestion question, const Ask& ask) {
  const auto wrong = [&](std::string_view what) {
    return fail(fmt::format("{}: {}", origin(question.url), what));
  };
  for (int count = 0; count <= max_redirections; ++count) {
    auto answer = ask(question);
    if (!answer) return wrong(answer.error().text);
    const auto followed = follow(*answer, question);
    if (!followed) return wrong(followed.error().text);
    if (!*followed) return answer;
  }
  return wrong("it points from one address to the next without end");
}

}  // namespace

HttpClient::HttpClient(std::string more_certificates)
    : tls_(std::make_unique<TlsContext>(std::move(more_certificates))) {}

HttpClient::~HttpClient() = default;

Expected<HttpAnswer> HttpClient::ask(const HttpQuestion& question, const Limits& limits,
                                     const std::stop_token& stop) const {
  const Patience patience(Clock::now() + limits.time, stop);
  const Exchange exchange(*tls_, patience);
  return ask_until_answered(
      question, [&](const HttpQuestion& next) { return exchange.run(next, limits.body_bytes); });
}

Expected<HttpAnswer> HttpClient::download(const HttpQuestion& question, HttpReceiver& receiver,
                                          const Patiences& patiences,
                                          const std::stop_token& stop) const {
  Patience patience(Clock::now() + patiences.head, stop);
  const Exchange exchange(*tls_, patience);
  LastAnswer last(receiver, patience, patiences.silence);
  return ask_until_answered(question, [&](const HttpQuestion& next) -> Expected<HttpAnswer> {
    if (auto may = receiver.may_ask(next.url); !may) return std::unexpected(may.error());
    return exchange.run(next, last);
  });
}

}  // namespace pixie::net
