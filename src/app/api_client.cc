#include "app/api_client.h"

#include <cstdlib>
#include <fstream>

#include <fmt/format.h>

namespace pixie::app {

std::string own_server(const Values& values) {
  const auto endpoints = parse_endpoints(values.find("http")->second.text, 80);
  const auto http = endpoints ? endpoints->front() : wire::Endpoint{};
  const auto host =
      http.address.is_unspecified() ? std::string("127.0.0.1") : http.address.url_host();
  return fmt::format("http://{}:{}", host, http.port == 0 ? 80 : http.port);
}

Outcome<std::string> read_token(const std::string& file) {
  if (file.empty()) {
    const char* token = std::getenv("PIXIE_TOKEN");
    return token ? token : "";
  }
  std::ifstream in(file);
  std::string token;
  if (!(in >> token)) return failed(usage, fmt::format("{}: there is no token to be read", file));
  return token;
}

std::string detail_of(const net::HttpAnswer& answer) {
  const auto document = Json::parse(answer.body, nullptr, false);
  if (document.is_object() && document.contains("detail") && document["detail"].is_string())
    return document["detail"].get<std::string>();
  return fmt::format("the server answers {}", answer.status);
}

Outcome<net::HttpAnswer> ApiClient::ask(const std::string& method, const std::string& path,
                                        const ApiChange& change) const {
  net::HttpQuestion question{.method = method, .url = url_, .body = change.body};
  question.url.target = "/api/v1" + path;
  if (!token_.empty()) question.headers.emplace_back("Authorization", "Bearer " + token_);
  if (!change.body.empty()) question.headers.emplace_back("Content-Type", "application/json");
  if (!change.condition.first.empty()) question.headers.push_back(change.condition);
  auto answer = client_.ask(question, limits_);
  if (!answer) return failed(failure, answer.error().text);
  return std::move(*answer);
}

Outcome<Json> ApiClient::good(const Outcome<net::HttpAnswer>& answer) {
  if (!answer) return std::unexpected(answer.error());
  if (answer->status / 100 != 2) return failed(failure, detail_of(*answer));
  if (answer->body.empty()) return Json();
  auto json = Json::parse(answer->body, nullptr, false);
  if (json.is_discarded()) return failed(failure, "the server's answer is no JSON: is it pixie?");
  return json;
}

}  // namespace pixie::app
