// The mode netascii: text in the form of the network virtual terminal (RFC 764, by RFC 1350 section
// 1).
#pragma once

#include <string>
#include <string_view>

namespace pixie::tftp {

/// `text` with LF as CR LF and CR as CR NUL, every other byte as it is; up to twice as long, so the
/// caller limits what it gives.
std::string to_netascii(std::string_view text);

}  // namespace pixie::tftp
