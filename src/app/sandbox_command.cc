#include "app/sandbox_command.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include <fmt/format.h>

#include "app/exit_code.h"
#include "app/privileges.h"
#include "app/sandbox.h"
#include "tree/descriptor.h"

namespace pixie::app {
namespace {

using Action = SandboxArguments::Action;

/// False: errno says why not.
bool read_from(const char* path) {
  const tree::Descriptor file(open(path, O_RDONLY | O_CLOEXEC));
  char byte = 0;
  return file && read(file.number(), &byte, 1) >= 0;
}

/// What is in the file stays, and a file that was not there is removed again.
bool open_to_write(const char* path) {
  const tree::Descriptor made(open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (made) return unlink(path) == 0;
  return errno == EEXIST && tree::Descriptor(open(path, O_WRONLY | O_CLOEXEC));
}

bool attempt(const SandboxArguments& arguments) {
  const auto* path = arguments.path.c_str();
  if (arguments.action == Action::read) return read_from(path);
  if (arguments.action == Action::write) return open_to_write(path);
  return execl(path, path, nullptr) == 0;
}

}  // namespace

int sandbox_command(const SandboxArguments& arguments, const Values& values) {
  const auto settings = interpret(values);
  if (!settings) return complain(usage, settings.error());
  if (const auto dropped = drop_privileges(*settings); !dropped)
    return complain(usage, dropped.error());
  const auto sandbox = enter_sandbox(sandbox_mode(values), *settings, {});
  if (!sandbox) return complain(failure, sandbox.error());
  fmt::print("user {}, capabilities {}, Landlock {}, seccomp {}\n", geteuid(),
             sandbox->capabilities, sandbox->landlock, sandbox->seccomp);
  // A program that takes this one's place must not find it unwritten.
  std::fflush(stdout);
  if (attempt(arguments)) {
    fmt::print("{}: not stopped\n", arguments.path);
    return success;
  }
  return complain(failure, {fmt::format("{}: {}", arguments.path, std::strerror(errno))});
}

}  // namespace pixie::app
