// Who may use the API: a file of tokens, each with what it is good for.
//
//   line = [ token 1*ws scope *( "," scope ) [ 1*ws name ] ] [ "#" remark ]
//   token = 16*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="     (RFC 6750 section 2.1)
//   scope = "read" / "write"                                                 (write includes read)
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wire/error.h"

namespace pixie::api {

enum class Scope : std::uint8_t { read, write };

/// Immutable: may be asked from any thread.
class Tokens {
 public:
  /// `file` is its name in errors, which begin with `FILE:LINE: ` and never show a token. A file without a token is an
  /// error: nobody could use the API then.
  static Expected<Tokens> parse(std::string_view content, const std::string& file);

  /// What the token is good for; nothing if it is none. Takes the same time whichever token it is, or almost is.
  std::optional<Scope> look_up(std::string_view token) const;
  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    /// The token itself is not kept.
    std::string sha256;
    Scope scope;
  };
  std::vector<Entry> entries_;
};

}  // namespace pixie::api
