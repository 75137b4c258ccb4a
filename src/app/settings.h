// The settings in force: each value with where it came from, merged in the order default, file, environment,
// command line.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/settings_table.h"
#include "events/event.h"
#include "events/log.h"
#include "mirror/allow_list.h"
#include "net/dhcp_settings.h"
#include "net/server.h"
#include "tree/tree.h"
#include "wire/address.h"
#include "wire/error.h"

namespace pixie::app {

/// A setting's value as it was written, and where: `--menu-timeout`, `PIXIE_HTTP`, `pixie.toml:3:1`, `default`.
struct Value {
  std::string text;
  std::string origin;
};

/// By setting's name.
using Values = std::map<std::string, Value, std::less<>>;

/// From a configuration file's text (TOML). An error begins with `NAME:LINE:COLUMN: `; the name is the file's.
Expected<Values> values_from_toml(std::string_view text, const std::string& name);
/// From the environment; `look_up` returns a variable's text, or null.
Values values_from_environment(const char* (*look_up)(const char*));

/// Every setting of the table, the later ones of the four winning, each checked; an error names the origin.
Expected<Values> merge(const Values& file, const Values& environment, const Values& command_line);

/// The values with their origins as a configuration file.
std::string to_toml(const Values& values);

struct Settings {
  net::ServerSettings server;
  net::DhcpSettings dhcp;
  /// Of HTTPS, if the server has endpoints for it.
  net::TlsFiles tls;
  tree::Layout layout;
  /// The folder of images; empty: there is none.
  std::string images;
  /// Where state is kept, and whether that was asked for.
  std::string state;
  bool state_given;
  std::string api_tokens;
  std::string upstream;
  std::string web_hook;
  /// Nobody is allowed: there is no mirror.
  mirror::AllowList mirror;
  std::string mirror_folder;
  std::uint64_t mirror_bytes;
  std::string user;
  bool user_given;
  events::Severity level;
  events::Format log_format;
};

/// Values that `merge` returned. The catalogue of ROMs is made from the folder `roms`.
Expected<Settings> interpret(const Values& values);

/// Endpoints separated by commas; nothing if one is malformed, or has port 0 after `default_port` was applied.
std::optional<std::vector<wire::Endpoint>> parse_endpoints(std::string_view text,
                                                           std::uint16_t default_port);

/// Bytes from `20G` (see Type::size); nothing if it is malformed, or too large for 63 bits.
std::optional<std::uint64_t> parse_size(std::string_view text);

/// Networks separated by commas; nothing if one is malformed. An empty text has none.
std::optional<std::vector<wire::Network>> parse_networks(std::string_view text);

}  // namespace pixie::app
