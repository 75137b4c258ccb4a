#include "upstream/script_text.h"

#include <algorithm>

#include <fmt/format.h>

namespace pixie::upstream {
namespace {

bool is_control(char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; }

bool ends_command(std::string_view word) {
  return word.starts_with('#') || word == "||" || word == "&&" || word == ";";
}

/// Takes the next line or word off the front.
std::string_view take(std::string_view& text, char separator) {
  const auto part = text.substr(0, text.find(separator));
  text.remove_prefix(std::min(part.size() + 1, text.size()));
  return part;
}

/// Quotes keep iPXE from taking a word for the end of the command.
std::string shown(std::string_view line) {
  std::string result;
  while (!line.empty()) {
    const auto word = take(line, ' ');
    const bool risky = ends_command(word) || word.ends_with('\\');
    result += risky ? fmt::format(" '{}'", word) : fmt::format(" {}", word);
  }
  return result;
}

Expected<std::string> echo_lines(std::string_view message) {
  std::string lines;
  while (!message.empty()) {
    const auto line = take(message, '\n');
    if (std::ranges::any_of(line, is_control)) return fail("its message holds a control character");
    // The colon keeps a word with a dash from being an option of echo.
    lines += fmt::format("echo :{}\n", shown(line));
  }
  return lines;
}

Expected<void> check_command_line(std::string_view text) {
  if (std::ranges::any_of(text, is_control)) return fail("its cmdline holds a control character");
  if (text.ends_with('\\')) return fail("its cmdline ends in a backslash");
  while (!text.empty()) {
    const auto word = take(text, ' ');
    if (ends_command(word)) {
      return fail(fmt::format("iPXE would take {} for the end of its cmdline", word));
    }
  }
  return {};
}

}  // namespace

bool is_word(std::string_view text) {
  return !text.empty() && !text.contains(' ') && !text.ends_with('\\') && !ends_command(text) &&
         std::ranges::none_of(text, is_control);
}

Expected<std::string> boot_script(const Boot& boot) {
  const auto message = echo_lines(boot.message);
  if (!message) return message;
  if (auto checked = check_command_line(boot.command_line); !checked)
    return std::unexpected(checked.error());
  auto script = fmt::format("#!ipxe\n# What the boot API says.\n{}imgfree\nkernel --name kernel {}",
                            *message, boot.kernel);
  std::string loads;
  for (std::size_t i = 0; i < boot.initrds.size(); ++i) {
    // A kernel that UEFI started finds its initrd by this name.
    script += fmt::format(" initrd=initrd{}", i);
    loads += fmt::format("initrd --name initrd{} {} || goto failed\n", i, boot.initrds[i]);
  }
  if (!boot.command_line.empty()) script += fmt::format(" {}", boot.command_line);
  script += fmt::format(
      " || goto failed\n{}boot || goto failed\n"
      ":failed\necho This could not be booted; the lines above say why.\n"
      "prompt --timeout 10000 Press a key for the menu && exit 0 || exit 0\n",
      loads);
  return script;
}

Expected<std::string> check_script(std::string script) {
  constexpr std::string_view allowed = "\n\r\t";
  if (!script.starts_with("#!ipxe")) return fail("its ipxe-script does not begin with #!ipxe");
  if (std::ranges::any_of(script, [&](char c) { return is_control(c) && !allowed.contains(c); }))
    return fail("its ipxe-script holds a control character");
  return script;
}

}  // namespace pixie::upstream
