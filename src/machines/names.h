// What may be a name, and the names that templates know by themselves.
#pragma once

#include <span>
#include <string_view>

namespace pixie::machines {

bool contains(std::span<const std::string_view> names, std::string_view name);

/// A profile's or a group's, as it stands in URLs and rules: letters, digits, `.`, `_` and `-`, the first no dot; up to
/// 64 of them.
bool is_name(std::string_view text);
/// One that a template can ask for, and that is not pixie's own.
bool is_variable_name(std::string_view text);
/// The names that every template may ask for, whatever the owner defines.
std::span<const std::string_view> fixed_names();

/// What the facts `arch` and `firmware` may be.
std::span<const std::string_view> arch_names();
std::span<const std::string_view> firmware_names();

}  // namespace pixie::machines
