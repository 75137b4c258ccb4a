// Help, manual page and the documentation's table, all made from the settings table.
#pragma once

#include <string>
#include <string_view>

#include "wire/error.h"

namespace pixie::app {

/// Exit codes, as the manual tells them.
enum ExitCode : int { success = 0, failure = 1, usage = 2, cannot_listen = 3 };

/// Tells the error on stderr; returns `code`.
int complain(ExitCode code, const Error& error);

/// For `--help`; what the command alone takes, for `--help` behind it.
std::string help_text(std::string_view command = {});
/// For `--version`: pixie's and iPXE's.
std::string version_text();
/// pixie(1) as roff.
std::string manual_page();
/// The settings as a Markdown table.
std::string settings_markdown();

}  // namespace pixie::app
