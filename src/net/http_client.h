// An HTTP/1.1 client for threads of their own: it blocks, one connection for each request, http and https.
#pragma once

#include <chrono>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "http/request.h"
#include "http/url.h"
#include "wire/address.h"
#include "wire/error.h"

namespace pixie::net {

class TlsContext;

struct HttpQuestion {
  /// GET, HEAD, POST, PUT, PATCH, DELETE.
  std::string method = "GET";
  http::Url url;
  /// Beside Host, Content-Length, User-Agent and Connection, which are written here. Neither names nor values may hold
  /// control characters: that is refused.
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};
};

struct HttpAnswer {
  int status = 0;
  http::Fields fields;
  std::string body;
};

/// Who gets an answer as it comes. Called on the thread that asks.
class HttpReceiver {
 public:
  virtual ~HttpReceiver() = default;
  /// Whether this URL may be asked: the first, and each that an answer points to. The error ends it.
  virtual Expected<void> may_ask(const http::Url& url) = 0;
  /// Whether its host may have this address.
  virtual bool may_connect(const http::Url& url, const wire::IpAddress& address) = 0;
  /// Status and fields of the last answer, which points nowhere. False: no body is wanted.
  virtual bool take_head(const HttpAnswer& answer) = 0;
  /// The next bytes of the body. False: no more are wanted.
  virtual bool take_body(std::string_view bytes) = 0;
};

/// May be used from many threads at once.
class HttpClient {
 public:
  struct Limits {
    /// For everything together: name, connection, redirections, the whole answer.
    std::chrono::milliseconds time = std::chrono::seconds(10);
    /// Of the answer's body.
    std::size_t body_bytes = 1 << 20;
  };

  /// Servers are verified with the system's certificates (SSL_CERT_FILE and SSL_CERT_DIR replace them), and with those of
  /// the file `more_certificates` (PEM) if it is named.
  explicit HttpClient(std::string more_certificates = {});
  ~HttpClient();

  /// An answer of any status, or a sentence that says what went wrong and where. A GET follows up to 5 redirections,
  /// never from https to http, and carries its Authorization to another host, port or scheme not at all. Ends within
  /// milliseconds once a stop is requested.
  Expected<HttpAnswer> ask(const HttpQuestion& question, const Limits& limits,
                           const std::stop_token& stop = {}) const;
  Expected<HttpAnswer> ask(const HttpQuestion& question) const { return ask(question, Limits{}); }

  struct Patiences {
    /// Until the answer's head has come: name, connection, redirections.
    std::chrono::milliseconds head = std::chrono::seconds(20);
    /// From one piece of the body to the next.
    std::chrono::milliseconds silence = std::chrono::seconds(30);
  };
  /// As ask(), but the body, of any length, goes to the receiver. The head of the answer, once all of it has come or no
  /// more was wanted. For GET.
  Expected<HttpAnswer> download(const HttpQuestion& question, HttpReceiver& receiver,
                                const Patiences& patiences, const std::stop_token& stop) const;

 private:
  std::unique_ptr<const TlsContext> tls_;
};

}  // namespace pixie::net
