// `pixie sandbox`: tries what the sandbox of a serving pixie should stop, in that sandbox.
#pragma once

#include <string>

#include "app/settings.h"

namespace pixie::app {

struct SandboxArguments {
  enum class Action { read, write, run } action = Action::read;
  std::string path;
};

/// Returns the exit code: success, if it could be done.
int sandbox_command(const SandboxArguments& arguments, const Values& values);

}  // namespace pixie::app
