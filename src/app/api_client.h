// The commands' client of a pixie's API.
#pragma once

#include <string>
#include <utility>

#include <nlohmann/json.hpp>

#include "app/exit_code.h"
#include "app/settings.h"
#include "http/url.h"
#include "net/http_client.h"

namespace pixie::app {

using Json = nlohmann::ordered_json;

/// The URL of the pixie of the settings, by loopback unless it listens on one address only.
std::string own_server(const Values& values);

/// The first word of a file; an empty name: $PIXIE_TOKEN, or none.
Outcome<std::string> read_token(const std::string& file);

/// What is sent with a call that changes something.
struct ApiChange {
  std::string body = {};
  /// If-Match or If-None-Match.
  std::pair<std::string, std::string> condition = {};
};

/// The API of one server. Its functions wait for the answer.
class ApiClient {
 public:
  using Limits = net::HttpClient::Limits;
  static constexpr Limits usual_limits{.time = std::chrono::seconds(30), .body_bytes = 32 << 20};

  /// `token` may be empty.
  ApiClient(http::Url url, std::string token, const Limits& limits = usual_limits)
      : url_(std::move(url)), token_(std::move(token)), limits_(limits) {}

  /// `path` begins behind /api/v1. The answer, whatever its status; an error if there is none.
  Outcome<net::HttpAnswer> ask(const std::string& method, const std::string& path,
                               const ApiChange& change = {}) const;

  /// The JSON of a good answer; an error for any other.
  Outcome<Json> get(const std::string& path) const { return good(ask("GET", path)); }
  Outcome<Json> patch(const std::string& path, const ApiChange& change) const {
    return good(ask("PATCH", path, change));
  }
  static Outcome<Json> good(const Outcome<net::HttpAnswer>& answer);

 private:
  http::Url url_;
  std::string token_;
  Limits limits_;
  net::HttpClient client_;
};

/// What an answer with an error says: the detail of its problem document (RFC 9457).
std::string detail_of(const net::HttpAnswer& answer);

}  // namespace pixie::app
