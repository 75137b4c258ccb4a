// `pixie fetch debian/12`: brings a distribution's installer into the mirror and writes its profile.
#pragma once

#include <string>

#include "app/settings.h"

namespace pixie::app {

struct FetchArguments {
  /// `debian/12`; empty: list what there is.
  std::string request;
  /// The mirror; empty: as the machine's own apt configuration says.
  std::string from;
  std::string arch = "x86_64";
  /// Instead of the distribution's own.
  std::string keyring;
  /// Replace a profile that somebody else wrote.
  bool force = false;
};

/// Prints what was done, tells errors on stderr, and returns the exit code.
int fetch_command(const FetchArguments& arguments, const Settings& settings);

}  // namespace pixie::app
