// seccomp: which system calls the process may still make (seccomp(2)).
#pragma once

#include "wire/error.h"

namespace pixie::app {

/// From now on all threads make only the system calls that a server of files needs; no program is started, no memory
/// made executable. What else is tried fails with EPERM, or, if `strict`, ends the process by SIGSYS. Needs
/// no_new_privs. The error says why it can't be.
Expected<void> limit_system_calls(bool strict);

}  // namespace pixie::app
