// A blocking HTTP/1.0 client for one file: a version in which no answer is chunked.
#pragma once

#include <string_view>

#include "doctor/probe.h"
#include "wire/address.h"

namespace pixie::net {

/// Gets `target`, all of it or only its head, and tells in `result` how that ended. `host` is what
/// stands in the URL. A redirection is told, not followed.
void fetch_http(const wire::Endpoint& server, std::string_view host, std::string_view target,
                bool whole, doctor::Fetch& result);

}  // namespace pixie::net
