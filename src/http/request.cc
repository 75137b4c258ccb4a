#include "http/request.h"

#include <algorithm>

#include "http/syntax.h"

namespace pixie::http {

void Fields::add(std::string_view name, std::string_view value) {
  value = trim(value);
  entries_.push_back({static_cast<std::uint32_t>(bytes_.size()),
                      static_cast<std::uint32_t>(name.size()),
                      static_cast<std::uint32_t>(value.size())});
  bytes_.append(name).append(value);
}

void Fields::clear() {
  bytes_.clear();
  entries_.clear();
}

std::string_view Fields::name(const Entry& entry) const {
  return std::string_view(bytes_).substr(entry.offset, entry.name_size);
}

std::string_view Fields::value(const Entry& entry) const {
  return std::string_view(bytes_).substr(entry.offset + entry.name_size, entry.value_size);
}

std::optional<std::string_view> Fields::find(std::string_view wanted) const {
  for (const Entry& entry : entries_) {
    if (equal_ignoring_case(name(entry), wanted)) return value(entry);
  }
  return std::nullopt;
}

std::optional<std::string_view> Fields::find_single(std::string_view wanted) const {
  std::optional<std::string_view> found;
  for (const Entry& entry : entries_) {
    if (!equal_ignoring_case(name(entry), wanted)) continue;
    if (found) return std::nullopt;
    found = value(entry);
  }
  return found;
}

std::optional<std::string> Fields::list(std::string_view wanted) const {
  std::optional<std::string> joined;
  for (const Entry& entry : entries_) {
    if (!equal_ignoring_case(name(entry), wanted)) continue;
    if (joined) {
      joined->append(", ").append(value(entry));
    } else {
      joined.emplace(value(entry));
    }
  }
  return joined;
}

bool Fields::has_token(std::string_view wanted, std::string_view token) const {
  for (const Entry& entry : entries_) {
    if (!equal_ignoring_case(name(entry), wanted)) continue;
    auto rest = value(entry);
    while (const auto element = next_element(rest)) {
      if (equal_ignoring_case(*element, token)) return true;
    }
  }
  return false;
}

Method parse_method(std::string_view text) {
  if (text == "GET") return Method::get;
  if (text == "HEAD") return Method::head;
  return Method::other;
}

void Request::clear() {
  method = Method::get;
  method_text.clear();
  target.clear();
  version = 11;
  fields.clear();
  body.clear();
  last_on_connection = false;
}

bool keep_alive(const Request& request) {
  if (request.last_on_connection || request.fields.has_token("Connection", "close")) return false;
  return request.version >= 11 || request.fields.has_token("Connection", "keep-alive");
}

Expected<void> check_host(const Request& request) {
  const auto host = request.fields.find_single("Host");
  if (request.version >= 11 && !host) {
    return fail("An HTTP/1.1 request must have exactly one Host field.");
  }
  // RFC 3986 section 3.2.2: a name, an address, an IPv6 address in brackets; then the port.
  constexpr std::string_view others = ".-_~%!$&'()*+,;=:[]";
  const auto allowed = [&](char c) { return ascii_alphanumeric(c) || others.contains(c); };
  if (host && !std::ranges::all_of(*host, allowed)) return fail("The Host field names no host.");
  return {};
}

}  // namespace pixie::http
