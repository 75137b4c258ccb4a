// The names that templates know by themselves: no variable may have one.
#pragma once

#include <string_view>

namespace pixie::machines {

/// A fact with underscores for hyphens (`circuit_id`), or what Variables gives beside the facts (`server`).
bool is_fixed_name(std::string_view name);

}  // namespace pixie::machines
