#include "app/exit_code.h"

#include <cstdio>
#include <utility>

#include <fmt/format.h>

namespace pixie::app {

std::unexpected<Failed> failed(ExitCode code, std::string text) {
  return std::unexpected(Failed{code, {std::move(text)}});
}

int complain(ExitCode code, const Error& error) {
  fmt::print(stderr, "pixie: {}\n", error.text);
  return code;
}

int complain(const Failed& failed) { return complain(failed.code, failed.error); }

}  // namespace pixie::app
