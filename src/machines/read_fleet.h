// Reads what a fleet is made of from the scripts folder.
#pragma once

#include <cstddef>
#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "machines/fleet.h"

namespace pixie::machines {

/// Reads pixie.toml, pixie.d/*.toml, recipes/*.toml, templates/** (without hidden files and copies that end in `~`) and the scripts that
/// profiles name from `folder`; a folder without any of them gives nothing. Links that lead out of the folder are not
/// followed, nor are files read that are larger than 64 MiB (settings) or 1 MiB (texts), or more than 10,000 of a kind.
/// Blocks: not for a loop's thread.
Sources read_sources(const std::string& folder);

/// Of all names and contents: the same sources have the same.
std::size_t fingerprint(const Sources& sources);

/// Reads and loads.
std::expected<std::shared_ptr<const Fleet>, std::vector<wire::Diagnostic>> read_fleet(
    const std::string& folder);

}  // namespace pixie::machines
