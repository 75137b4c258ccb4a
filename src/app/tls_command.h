// `pixie tls init`: an authority of one's own, and the server's certificate, as files.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "app/exit_code.h"

namespace pixie::app {

struct TlsArguments {
  std::string folder;
  /// Host names and addresses; empty: those of this machine.
  std::vector<std::string> names;
};

/// Writes ca.crt, ca.key, server.crt and server.key into the folder, which is made if it is not there, and tells how to
/// go on. An authority that is there already signs; nothing is overwritten. Keys are for their owner alone (mode 0600).
Outcome<void> init_tls(const TlsArguments& arguments, std::ostream& out);

}  // namespace pixie::app
