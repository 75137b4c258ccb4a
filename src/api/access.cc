#include "api/access.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "http/syntax.h"
#include "wire/address.h"

namespace pixie::api {
namespace {

std::unexpected<Answer> ask_for_token(std::string_view detail) {
  auto answer = problem(401, detail);
  answer.made.fields.emplace_back("WWW-Authenticate", "Bearer realm=\"pixie\"");
  return std::unexpected(std::move(answer));
}

/// RFC 6750 section 2.1; the scheme in any case (RFC 9110 section 11.1).
std::optional<std::string_view> bearer_token(const Call& call) {
  constexpr std::string_view scheme = "Bearer ";
  if (!call.authorization) return std::nullopt;
  const std::string_view value = *call.authorization;
  if (!http::equal_ignoring_case(value.substr(0, scheme.size()), scheme)) return std::nullopt;
  return http::trim(value.substr(scheme.size()));
}

std::expected<void, Answer> check_token(const Call& call, Access access, const Tokens& tokens) {
  const auto token = bearer_token(call);
  if (!token) return ask_for_token("A token is needed: Authorization: Bearer TOKEN.");
  const auto scope = tokens.look_up(*token);
  if (!scope) return ask_for_token("The token is none of those in the file of --api-tokens.");
  if (access == Access::write && *scope != Scope::write)
    return refuse(403, "The token is good for reading only.");
  return {};
}

/// The host of a Host field or an authority, without its port.
std::string_view without_port(std::string_view authority) {
  const auto colon = authority.rfind(':');
  const auto bracket = authority.rfind(']');
  if (colon == authority.npos || (bracket != authority.npos && colon < bracket)) return authority;
  return authority.substr(0, colon);
}

bool is_here(std::string_view host, const std::function<bool(std::string_view)>& is_own_name) {
  return wire::IpAddress::parse(host) || http::equal_ignoring_case(host, "localhost") ||
         is_own_name(host);
}

bool is_own_origin(std::string_view origin, std::string_view host) {
  const auto scheme = origin.find("://");
  return scheme != origin.npos && http::equal_ignoring_case(origin.substr(scheme + 3), host);
}

std::expected<void, Answer> check_local(const Call& call,
                                        const std::function<bool(std::string_view)>& is_own_name) {
  if (!call.loopback) {
    return refuse(403,
                  "Without a file of tokens (--api-tokens) only programs on the server's own "
                  "machine may change anything.");
  }
  const auto host = call.host ? std::string_view(*call.host) : std::string_view();
  if (!is_here(without_port(host), is_own_name))
    return refuse(403, fmt::format("'{}' is no name of this machine: use its address.", host));
  if (call.origin && !is_own_origin(*call.origin, host))
    return refuse(403, fmt::format("A page of {} may not change anything here.", *call.origin));
  return {};
}

}  // namespace

std::expected<void, Answer> check_access(const Call& call, Access access, const Tokens* tokens,
                                         const std::function<bool(std::string_view)>& is_own_name) {
  if (access == Access::open) return {};
  if (tokens) return check_token(call, access, *tokens);
  if (access == Access::read) return {};
  return check_local(call, is_own_name);
}

}  // namespace pixie::api
