// What is printed at the start: what is served, where, and what to do next.
#pragma once

#include <string>

#include "app/settings.h"
#include "net/server.h"

namespace pixie::app {

/// Several lines of plain text.
std::string banner(const Settings& settings, const net::Sockets& sockets);

}  // namespace pixie::app
