// Whether a call may be made: by its token, or without a file of tokens by where it comes from.
//
// A browser is made to send calls by any page that it shows. With tokens that does no harm: they are sent by scripts
// alone, never by the browser itself. Without, what may write are programs on this machine, and browsers there count
// only for the server's own page: a call with a foreign Origin is refused; and so is one for a host that only a name
// server elsewhere could have led here (DNS rebinding).
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <string_view>

#include "api/call.h"
#include "api/tokens.h"

namespace pixie::api {

enum class Access : std::uint8_t {
  /// Everybody's; a machine's callback brings a token of its own.
  open,
  read,
  write,
};

/// `tokens` is null if there is no file of them. `is_own_name`: Office::is_own_name(). What is refused is answered 401
/// (no token, or none that is known) or 403.
std::expected<void, Answer> check_access(const Call& call, Access access, const Tokens* tokens,
                                         const std::function<bool(std::string_view)>& is_own_name);

}  // namespace pixie::api
