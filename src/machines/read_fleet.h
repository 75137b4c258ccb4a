// Reads what a fleet is made of from the scripts folder.
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "machines/fleet.h"

namespace pixie::machines {

/// Reads pixie.toml, pixie.d/*.toml, templates/** and the scripts that profiles name from `folder`, and loads them.
/// A folder without any of them is an empty fleet. Links that lead out of the folder are refused; a file larger than
/// 64 MiB (settings) or 1 MiB (texts) is a mistake. Blocks: not for a loop's thread.
/// `fingerprint`, if it is given, gets a number that names what was read: the same again if nothing changed.
std::expected<std::shared_ptr<const Fleet>, std::vector<wire::Diagnostic>> read_fleet(
    const std::string& folder, std::size_t* fingerprint = nullptr);

}  // namespace pixie::machines
