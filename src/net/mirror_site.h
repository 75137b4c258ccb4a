// The mirror as HTTP shows it: from what it has of a file to an answer.
#pragma once

#include <ctime>

#include "http/target.h"
#include "net/backend.h"
#include "net/mirror.h"

namespace pixie::net {

/// Answers a GET or HEAD of a path of the mirror. Calls back once, at once or later, from any thread.
void ask_mirror(Mirror& mirror, const http::Target& target,
                std::function<void(Backend::Answer)> done);

}  // namespace pixie::net
