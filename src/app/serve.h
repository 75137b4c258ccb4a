// The server's life: from settings to sockets, an ordinary user, threads, signals, and a clean end.
#pragma once

#include "app/command_line.h"

namespace pixie::app {

/// The settings of file, environment and command line together.
Expected<Values> gather_values(const CommandLine& line);

/// Serves until SIGTERM or SIGINT. Returns the exit code.
int serve(const CommandLine& line);

}  // namespace pixie::app
