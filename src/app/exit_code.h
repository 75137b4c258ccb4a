// How a command ends: its exit code, and the error that it tells.
#pragma once

#include <expected>
#include <string>

#include "wire/error.h"

namespace pixie::app {

/// As the manual tells them.
enum ExitCode : int { success = 0, failure = 1, usage = 2, cannot_listen = 3 };

/// An error with its exit code.
struct Failed {
  ExitCode code;
  Error error;
};
template <class T>
using Outcome = std::expected<T, Failed>;

std::unexpected<Failed> failed(ExitCode code, std::string text);

/// Tells the error on stderr; returns its code.
int complain(ExitCode code, const Error& error);
int complain(const Failed& failed);

}  // namespace pixie::app
