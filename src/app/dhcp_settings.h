// The settings of DHCP as texts: ranges, reservations, lists of addresses.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/dhcp_settings.h"
#include "wire/error.h"

namespace pixie::app {

/// `FIRST[/BITS]-LAST[/LEASE]`, several separated by commas; LEASE is seconds, or a number with s, m, h or d.
Expected<std::vector<net::DhcpRange>> parse_ranges(std::string_view text);

/// `MAC=ADDRESS[=NAME]`, several separated by commas.
Expected<std::vector<dhcp::Reservation>> parse_reservations(std::string_view text);

/// IPv4 addresses separated by commas; none in an empty text.
Expected<std::vector<wire::IpAddress>> parse_addresses(std::string_view text);

/// Names separated by commas; none in an empty text.
std::vector<std::string> parse_names(std::string_view text);

}  // namespace pixie::app
