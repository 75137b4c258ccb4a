// Reads iPXE scripts as far as it takes to know what a machine loads next: commands that fetch,
// with the settings in their URLs expanded. It follows no `goto`, so that all branches of a menu
// count, and judges only conditions on settings that it knows.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dhcp/client.h"
#include "wire/address.h"
#include "wire/mac.h"

namespace pixie::doctor {

/// iPXE's settings by name (`mac`, `net0/ip`), as far as they are known.
using ScriptSettings = std::map<std::string, std::string, std::less<>>;

/// Those that iPXE has on such a machine before a script sets others.
ScriptSettings settings_of(const wire::Mac& mac, std::uint16_t architecture,
                           const wire::IpAddress& address, const wire::IpAddress& next_server);

/// A file that a script asks for.
struct Link {
  /// Loaded and run as a script or program (`chain`), not as a kernel, an initrd or a module.
  bool is_chain = false;
  /// An absolute URL, if the script's own URL was one.
  std::string url;
  /// Holds a setting that isn't known: nothing can be said about the file.
  bool is_vague = false;
  /// How many commands that boot what is loaded (`boot`, `imgexec`) stand before it: 0 is the first choice.
  unsigned boots_before = 0;
};

/// `text` was loaded from `base`, against which relative URLs count. Settings that the script makes
/// are put into `settings`. At most 64 links.
std::vector<Link> read_script(std::string_view text, std::string_view base,
                              ScriptSettings& settings);

/// Whether the URL has the machine's address in it.
bool names_machine(std::string_view url, const wire::Mac& mac);

/// Of the scripts that a script chains, the one that is named after the machine; of one without such, the first. Null:
/// none.
const Link* next_script(std::span<const Link> links, const wire::Mac& mac);

/// `${…}` expanded, with iPXE's `:hexhyp`, `:hexraw`, `:uristring`; unknown settings remain as they
/// are written.
std::string expand(std::string_view text, const ScriptSettings& settings);

/// `reference` as seen from the URL `base` (RFC 3986 section 5.2, without `..`).
std::string resolve_url(std::string_view base, std::string_view reference);

}  // namespace pixie::doctor
