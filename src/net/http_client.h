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

 private:
  std::unique_ptr<const TlsContext> tls_;
};

}  // namespace pixie::net
