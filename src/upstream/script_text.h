// Another server's texts as lines of an iPXE script: none of them becomes a command of its own (iPXE splits a line at
// spaces; the words `||`, `&&`, `;`, and one that begins with `#`, end a command; a backslash at the end joins lines).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "wire/error.h"

namespace pixie::upstream {

struct Boot {
  /// URLs, words as of is_word().
  std::string kernel;
  std::vector<std::string> initrds = {};
  std::string command_line = {};
  /// For the machine's screen; may have many lines.
  std::string message = {};
};

/// Not empty, no space, no control character, and nothing that ends a command.
bool is_word(std::string_view text);

/// A script that boots it. If that fails it says so, waits, and gives the menu its turn again. Refuses a command line
/// that iPXE would take for more than one, and control characters.
Expected<std::string> boot_script(const Boot& boot);

/// `script` as it is, if it is one: begins with `#!ipxe`, and holds no control characters but ends of lines and tabs.
Expected<std::string> check_script(std::string script);

}  // namespace pixie::upstream
