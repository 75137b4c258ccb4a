// What is printed at the start: what is served, where, and what to do next.
#pragma once

#include <string>

#include "app/settings.h"
#include "net/server.h"

namespace pixie::app {

/// What is listened on.
std::string places(const std::vector<net::Listening>& listening, std::string_view separator);

/// `off`, `proxy` or `server`.
std::string_view dhcp_mode_name(net::DhcpSettings::Mode mode);

/// Where people and machines are told to come to: the advertised address, else the one listened on, else a likely one.
wire::IpAddress address_for_clients(const Settings& settings, const net::Sockets& sockets);

/// Several lines of plain text. `interfaces`: those that DHCP works on.
std::string banner(const Settings& settings, const net::Sockets& sockets,
                   std::string_view interfaces);

}  // namespace pixie::app
