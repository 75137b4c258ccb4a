// "Did you mean": the name that a mistyped one is nearest to.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace pixie::app {

/// `; did you mean 'kea'?`, or nothing if no name is near.
std::string suggestion(std::string_view mistyped, std::span<const std::string_view> names);

/// The same among the settings: `; did you mean 'menu-timeout'?`, or nothing if no setting's name is near.
std::string suggestion(std::string_view mistyped);

}  // namespace pixie::app
