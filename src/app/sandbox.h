// What pixie may still do once its ports are open: no capabilities, no files but those it serves and keeps, few system
// calls. docs/security.md says what that is for.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "app/file_reader.h"
#include "app/settings.h"
#include "wire/error.h"

namespace pixie::app {

enum class SandboxMode : std::uint8_t {
  off,
  on,
  /// A system call that is not allowed ends the process.
  strict,
};
/// Of the setting `sandbox`.
SandboxMode sandbox_mode(const Values& values);

/// What is in force, in words for the log, and what still reads the files that it hides.
struct Sandbox {
  std::string capabilities;
  /// Landlock's version.
  std::string landlock;
  std::string seccomp;
  FileReader files;
};

/// Enters a sandbox for a server with these settings, for good. What the kernel lacks is left out, and told. Call it before
/// any thread is started, as the user that pixie stays, when the folders of state are made.
/// `files`: those that will be read by way of the sandbox's reader.
Expected<Sandbox> enter_sandbox(SandboxMode mode, const Settings& settings,
                                std::vector<std::string> files);

/// Whether the folders that are to be served, and the certificates, can be read in the sandbox; the error says which one
/// can't, and what to do.
/// For settings that were read again.
Expected<void> within_sandbox(const Values& values);

}  // namespace pixie::app
