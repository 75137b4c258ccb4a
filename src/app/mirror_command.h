// `pixie mirror fetch|list|verify`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "app/settings.h"

namespace pixie::app {

struct MirrorArguments {
  enum class Action : std::uint8_t { list, fetch, verify } action = Action::list;
  std::vector<std::string> urls;
};

/// Prints what was asked for, tells errors on stderr, and returns the exit code.
int mirror_command(const MirrorArguments& arguments, const Settings& settings);

}  // namespace pixie::app
