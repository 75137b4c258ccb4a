// `pixie machine list|show|set|once|forget`: a thin client of the API.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/settings.h"

namespace pixie::app {

struct MachineArguments {
  enum class Action : std::uint8_t { list, show, set, once, forget } action = Action::list;
  /// Empty: the pixie on this machine, at the port of the settings.
  std::string server;
  /// A file whose first word is the token. Empty: $PIXIE_TOKEN, or none.
  std::string token_file;
  bool json = false;
  std::string mac;
  /// `list`: only machines that have this text in a fact.
  std::string search;
  /// `set`, `once`: not given, or the profile's name; empty takes it away.
  std::optional<std::string> profile;
  /// `set`: NAME=VALUE, and names to take away.
  std::vector<std::string> vars;
  std::vector<std::string> unset;
};

/// Prints what was asked for, tells an error on stderr, and returns the exit code: failure if the server can't be
/// reached or refuses, usage if an argument is wrong.
int machine_command(const MachineArguments& arguments, const Values& values);

}  // namespace pixie::app
