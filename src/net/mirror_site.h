// The mirror as HTTP shows it: from what it has of a file to an answer.
#pragma once

#include <functional>
#include <string_view>

#include "net/backend.h"
#include "net/mirror.h"

namespace pixie::net {

/// In a request from this machine itself, for pixie's own commands: what the file's SHA-256 must be, whatever the profiles
/// say. 64 lower-case hexadecimal digits, or `any`.
inline constexpr std::string_view wanted_field = "Pixie-Sha256";
inline constexpr std::string_view wanted_any = "any";

/// Answers a GET or HEAD of a path of the mirror. Calls back once, at once or later, from any thread.
void ask_mirror(Mirror& mirror, const Backend::Call& call,
                std::function<void(Backend::Answer)> done);

}  // namespace pixie::net
