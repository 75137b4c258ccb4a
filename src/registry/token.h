// The token of a machine's callback: `<hex seconds since 1970>-<hex of the first 16 bytes of HMAC-SHA256>` (RFC 2104)
// over the machine's address and the seconds. Whoever has the store's secret can make and check it; nothing is kept.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "events/boot.h"
#include "wire/mac.h"

namespace pixie::registry {

/// 32 bytes that nobody can guess.
std::string make_secret();
std::string make_token(std::string_view secret, const wire::Mac& mac, events::Time now);
/// When the token was made, to the second; nothing if it is not this machine's. Compares in constant time.
std::optional<events::Time> token_time(std::string_view secret, const wire::Mac& mac,
                                       std::string_view token);

}  // namespace pixie::registry
