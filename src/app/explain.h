// `pixie explain MAC`: what would this machine boot, and why?
#pragma once

#include <functional>
#include <map>
#include <ostream>
#include <string>

#include "app/exit_code.h"
#include "app/running.h"
#include "app/settings.h"

namespace pixie::app {

struct ExplainArguments {
  std::string mac;
  /// Facts beside it by their names (`uuid`, `arch`, …), as given.
  std::map<std::string, std::string> facts;
};

/// Tells who the machine is, each step of the decision, its script, its ROM, and of each URL whether this server has it:
/// from the folders of the settings, from what the pixie that runs on this host saw of the machine and was told to assign
/// to it, and from the other server of --api; and which of them could be asked. `ask` gives what the running pixie knows
/// (ask_running). An error if the MAC address or a fact is none, or the files have mistakes.
Outcome<void> explain_machine(const ExplainArguments& arguments, const Settings& settings,
                              const std::function<Running(const wire::Mac&)>& ask,
                              std::ostream& out);

}  // namespace pixie::app
