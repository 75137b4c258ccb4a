// Help, manual page and the documentation's table, all made from the settings table.
#pragma once

#include <string>
#include <string_view>

namespace pixie::app {

/// For `--help`; what the command alone takes, for `--help` behind it.
std::string help_text(std::string_view command = {});
/// For `--version`: pixie's and iPXE's.
std::string version_text();
/// pixie(1) as roff.
std::string manual_page();
/// The settings as a Markdown table.
std::string settings_markdown();

}  // namespace pixie::app
