// The names of variables, and those that templates know by themselves.
#pragma once

#include <span>
#include <string_view>

namespace pixie::machines {

/// One that a template can ask for, and that is not pixie's own.
bool is_variable_name(std::string_view text);
/// The names that every template may ask for, whatever the owner defines.
std::span<const std::string_view> fixed_names();

}  // namespace pixie::machines
