#include "net/probe_fetch.h"

#include <algorithm>

#include "net/probe_http.h"
#include "net/probe_tftp.h"

namespace pixie::net {
namespace {

constexpr std::uint16_t tftp_port = 69;
constexpr std::uint16_t http_port = 80;
constexpr int max_redirections = 4;

struct Url {
  std::string_view scheme;
  std::string_view host;
  std::string_view path;
};

Url split(std::string_view url) {
  const auto scheme_end = url.find("://");
  if (scheme_end == std::string_view::npos) return {{}, {}, url};
  const auto rest = url.substr(scheme_end + 3);
  const auto path_at = std::min(rest.find('/'), rest.size());
  return {url.substr(0, scheme_end), rest.substr(0, path_at), rest.substr(path_at)};
}

doctor::Fetch fetch_once(std::string_view url, bool whole) {
  const auto [scheme, host, path] = split(url);
  const bool tftp = scheme == "tftp";
  doctor::Fetch result;
  result.url = url;
  result.outcome = doctor::Fetch::Outcome::unchecked;
  const auto server = wire::Endpoint::parse(host, tftp ? tftp_port : http_port);
  if (!server || (!tftp && scheme != "http")) {
    result.detail = "not tried: the doctor asks by tftp and http, at IP addresses only";
    return result;
  }
  result.server = server->address;
  if (tftp) {
    fetch_tftp(*server, path.substr(path.starts_with('/') ? 1 : 0), whole, result);
  } else {
    fetch_http(*server, host, path.empty() ? "/" : path, whole, result);
  }
  return result;
}

}  // namespace

doctor::Fetch fetch(std::string_view url, bool whole) {
  auto result = fetch_once(url, whole);
  for (int count = 0; count < max_redirections && !result.redirection.empty(); ++count) {
    result = fetch_once(result.redirection, whole);
  }
  return result;
}

}  // namespace pixie::net
