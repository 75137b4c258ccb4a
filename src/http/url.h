// A URL that pixie itself asks (RFC 3986, as far as http and https need it).
//
//   url = ( "http" / "https" ) "://" host [ ":" port ] [ path ] [ "?" query ]
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "wire/error.h"

namespace pixie::http {

struct Url {
  /// https.
  bool secure = false;
  /// A name in small letters, or an address; an IPv6 address without its brackets.
  std::string host;
  std::uint16_t port = 80;
  /// Path and query: what stands in the request line. Begins with a slash.
  std::string target = "/";

  bool operator==(const Url&) const = default;

  /// Refuses, with a sentence that names the URL: another scheme, user information, a fragment, a host that is neither a
  /// name of letters, digits, `-`, `_` and dots nor an address, port 0, more than 4096 bytes, any byte that a URL can't
  /// hold as it is.
  static Expected<Url> parse(std::string_view text);

  /// What `reference` means where this URL is the base (RFC 3986 section 5.2): a URL, `//host/path`, `/path`, `path`,
  /// `?query`. A fragment is dropped.
  Expected<Url> resolve(std::string_view reference) const;

  /// `host` or `host:port`, the port only if it is not the scheme's own: the Host field.
  std::string authority() const;
  std::string text() const;
};

/// Whether `text` begins with a scheme, `tftp:` say, and so is no relative reference.
bool has_scheme(std::string_view text);

}  // namespace pixie::http
