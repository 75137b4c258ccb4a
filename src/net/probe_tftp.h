// A blocking TFTP client for one file.
#pragma once

#include <string_view>

#include "doctor/probe.h"
#include "wire/address.h"

namespace pixie::net {

/// Reads `file`, all of it or its first block, and tells in `result` how that ended.
void fetch_tftp(const wire::Endpoint& server, std::string_view file, bool whole,
                doctor::Fetch& result);

}  // namespace pixie::net
