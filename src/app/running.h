// What the pixie that runs on this host, if one does, knows of a machine beside what the files say.
#pragma once

#include <optional>
#include <string>

#include "app/settings.h"
#include "machines/decide.h"
#include "machines/identity.h"
#include "wire/mac.h"

namespace pixie::app {

struct Running {
  /// Who was asked: `http://127.0.0.1:80`.
  std::string server;
  /// Why it told nothing, a sentence's end; empty: the rest is what it knows.
  std::string trouble = {};
  machines::Identity seen = {};
  std::optional<machines::Assignment> assignment = {};
};

/// Asks the pixie of the settings, with $PIXIE_TOKEN if it is set; waits 2 seconds at most.
Running ask_running(const wire::Mac& mac, const Values& values);

}  // namespace pixie::app
