// The iPXE scripts that pixie writes itself: the chain script (the menu that every machine meets
// first) and the message for a machine that has no script of its own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "script/fit.h"
#include "wire/mac.h"

namespace pixie::script {

/// What the owner puts into the menu beside pixie's own items.
struct MenuItems {
  /// A profile that can be chosen. Those of one group stand together. A machine sees those that fit it.
  struct Item {
    std::string profile;
    std::string title;
    std::string group;
    Fit fit = {};
  };
  /// Empty: pixie's own.
  std::string title;
  std::optional<std::uint32_t> timeout_ms;
  /// What the machine boots by itself, for people; empty if that is not known.
  std::string own;
  std::vector<Item> profiles;
};

struct Chain {
  /// Where the client reaches this server: `192.0.2.1` or `[2001:db8::1]`, the URL of its HTTP or HTTPS without a
  /// slash at the end, and the port of TFTP.
  std::string host;
  std::string url;
  std::uint16_t tftp_port;
  /// How long the menu waits before it takes the machine's own script; 0 waits for ever.
  std::uint32_t menu_timeout_ms;
  MenuItems items = {};
};

/// The menu. iPXE's own `${…}` expressions are in it as they are: iPXE expands them on the machine.
std::string chain_script(const Chain& chain);

/// Says on the machine's screen that it has no script, and what to write where; then returns to the
/// menu.
std::string no_script_message(const wire::Mac& mac, std::string_view server);

/// Whether `text` is (the beginning of) such a message, of this or another pixie.
bool is_no_script_message(std::string_view text);

}  // namespace pixie::script
