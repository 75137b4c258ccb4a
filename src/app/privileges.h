// From root to an ordinary user, once the ports are open.
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

}  // namespace pixie::app
