// Small blocking clients that load one file as a booting machine would: TFTP (RFC 1350 with block
// sizes) and HTTP/1.0. For the doctor; bounded in time and memory.
#pragma once

#include <string_view>

#include "doctor/probe.h"

namespace pixie::net {

/// `url`: `tftp://ADDRESS[:PORT]/PATH` or `http://…`; others are not tried. Redirections are followed.
/// `whole` false: asks only whether the file is there. Takes a minute at most.
doctor::Fetch fetch(std::string_view url, bool whole);

}  // namespace pixie::net
