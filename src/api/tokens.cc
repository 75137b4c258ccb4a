#include "api/tokens.h"

#include <algorithm>

#include <fmt/format.h>

#include "http/syntax.h"
#include "roms/sha256.h"

namespace pixie::api {
namespace {

constexpr std::size_t shortest_token = 16;

std::string digest(std::string_view token) { return roms::sha256(wire::as_bytes(token)); }

/// Takes the next word off the line; empty at its end.
std::string_view take_word(std::string_view& line) {
  line = http::trim(line);
  const auto word = line.substr(0, line.find_first_of(" \t"));
  line.remove_prefix(word.size());
  return word;
}

Expected<void> check_token(std::string_view token) {
  const auto end = token.find_last_not_of('=');
  const auto body = token.substr(0, end == token.npos ? 0 : end + 1);
  const auto allowed = [](char c) {
    return http::ascii_alphanumeric(c) || std::string_view("-._~+/").contains(c);
  };
  if (!std::ranges::all_of(body, allowed))
    return fail("a token has letters, digits and -._~+/ only");
  if (body.size() < shortest_token)
    return fail("a token has at least 16 characters (openssl rand -hex 16 makes one)");
  return {};
}

Expected<Scope> parse_scopes(std::string_view text) {
  std::optional<Scope> scope;
  while (const auto word = http::next_element(text)) {
    if (*word == "write") {
      scope = Scope::write;
    } else if (*word == "read") {
      scope = scope.value_or(Scope::read);
    } else {
      return fail(fmt::format("there is no scope '{}': read or write", *word));
    }
  }
  if (!scope) return fail("after the token its scope is missing: read or write");
  return *scope;
}

}  // namespace

Expected<Tokens> Tokens::parse(std::string_view content, const std::string& file) {
  Tokens tokens;
  for (std::size_t number = 1; !content.empty(); ++number) {
    auto line = content.substr(0, content.find('\n'));
    content.remove_prefix(std::min(line.size() + 1, content.size()));
    line = line.substr(0, line.find('#'));
    if (line.ends_with('\r')) line.remove_suffix(1);
    const auto token = take_word(line);
    if (token.empty()) continue;
    const auto at_line = [&](const Error& error) {
      return fail(fmt::format("{}:{}: {}", file, number, error.text));
    };
    if (const auto good = check_token(token); !good) return at_line(good.error());
    const auto scope = parse_scopes(take_word(line));
    if (!scope) return at_line(scope.error());
    if (tokens.look_up(token)) return at_line({"the same token stands on an earlier line"});
    tokens.entries_.push_back({digest(token), *scope});
  }
  if (tokens.entries_.empty())
    return fail(fmt::format("{}: there is no token in it: write a line TOKEN SCOPE", file));
  return tokens;
}

std::optional<Scope> Tokens::look_up(std::string_view token) const {
  // Digests are compared: how far two of them agree tells nothing of how far the tokens do. All are looked at.
  const auto wanted = digest(token);
  std::optional<Scope> found;
  for (const auto& entry : entries_) {
    unsigned difference = 0;
    for (std::size_t i = 0; i < wanted.size(); ++i)
      difference |= static_cast<unsigned>(wanted[i] ^ entry.sha256[i]);
    if (difference == 0) found = entry.scope;
  }
  return found;
}

}  // namespace pixie::api
