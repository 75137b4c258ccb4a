// The one table of settings: the command line, the environment, the configuration file, `--help`, the manual
// page and the documentation are all made from it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "wire/error.h"

namespace pixie::app {

enum class Type : std::uint8_t {
  /// Any text: a folder, a file, a user's name.
  text,
  /// One or more ADDRESS[:PORT], separated by commas; none if that is the default.
  endpoints,
  /// None or more ADDRESS[/BITS], separated by commas.
  networks,
  /// http or https, or nothing.
  url,
  /// An IP address without a port.
  address,
  /// None or more IPv4 addresses, separated by commas.
  addresses,
  /// None or more names, separated by commas.
  names,
  /// Of the mirror: see mirror/allow_list.h.
  hosts,
  /// Bytes: a whole number, with K, M, G or T behind it for powers of 1024.
  size,
  /// DHCP: see app/dhcp_settings.h.
  ranges,
  range6,
  reservations,
  /// A whole number within [min, max].
  number,
  /// `true` or `false`; on the command line without a value.
  flag,
  /// One of `choices`, without regard to case.
  choice,
};

/// Whether values may be given one by one, instead of separated by commas.
bool is_list(Type type);

struct Setting {
  std::string_view name;
  /// The short flag, or NUL.
  char letter = '\0';
  Type type = Type::text;
  /// What stands for the value in the help; empty for flags.
  std::string_view placeholder = "";
  std::string_view fallback = "";
  /// The environment variable besides PIXIE_<…>, for settings that always had one; may be empty.
  std::string_view environment = "";
  /// Of numbers.
  std::int64_t min = 0;
  std::int64_t max = 0;
  std::span<const std::string_view> choices = {};
  /// Sentences for the help and the manual.
  std::string_view help;
  /// Whether SIGHUP brings a changed value into force.
  bool reloadable = false;
};

std::span<const Setting> settings_table();
const Setting* find_setting(std::string_view name);
/// `; did you mean 'menu-timeout'?`, or nothing if no setting's name is near.
std::string suggestion(std::string_view mistyped);

/// `PIXIE_MENU_TIMEOUT` for `menu-timeout`; PIXIE_LEVEL for `verbosity`, as its short form is LEVEL.
std::string environment_name(const Setting& setting);

/// Whether `text` is a value of this setting; the error says what was expected.
Expected<void> check_value(const Setting& setting, std::string_view text);

}  // namespace pixie::app
