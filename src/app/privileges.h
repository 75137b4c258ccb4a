// From root to an ordinary user, once the ports are open.
#pragma once

#include <string>

#include "app/settings.h"
#include "wire/error.h"

namespace pixie::app {

/// Becomes `settings.user` if the process is root; else does nothing. Returns what to tell the operator, empty
/// if there is nothing. With the default user, stays root if that user can't read a folder that is served. Call
/// it before any thread is started.
Expected<std::string> drop_privileges(const Settings& settings);

}  // namespace pixie::app
