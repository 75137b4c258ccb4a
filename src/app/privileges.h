// From root to an ordinary user, and from capabilities to none, once the ports are open.
#pragma once

#include <optional>
#include <string>

#include "app/settings.h"
#include "wire/error.h"

namespace pixie::app {

struct User {
  unsigned uid;
  unsigned gid;
};

/// Who pixie will be: nothing if it stays who it is, or if there is no such user.
std::optional<User> user_to_become(const Settings& settings);

/// Becomes `settings.user` if the process is root; else does nothing. Returns what to tell the operator, empty
/// if there is nothing. With the default user, stays root if that user can't read a folder that is served. Call
/// it before any thread is started.
Expected<std::string> drop_privileges(const Settings& settings);

/// Gives up the calling thread's capabilities (capabilities(7)): nothing that is done later needs one, as every socket
/// is open by then. A root that stays root keeps those for files of other users. Call it before any thread is started.
Expected<void> drop_capabilities();

/// Those in force for the calling thread: `none`, or numbers in hexadecimal as /proc/PID/status has them.
std::string capabilities_in_force();

}  // namespace pixie::app
