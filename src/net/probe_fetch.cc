#include "net/probe_fetch.h"

#include "net/probe_http.h"
#include "net/probe_tftp.h"

namespace pixie::net {
namespace {

constexpr std::uint16_t tftp_port = 69;
constexpr std::uint16_t http_port = 80;
constexpr int max_redirections = 4;

doctor::Fetch fetch_once(std::string_view url, bool whole) {
  const auto [scheme, host, path] = doctor::split_url(url);
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
