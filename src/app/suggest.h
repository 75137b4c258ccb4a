// "Did you mean": the setting that a mistyped name is nearest to.
#pragma once

#include <string>
#include <string_view>

namespace pixie::app {

/// `; did you mean 'menu-timeout'?`, or nothing if no setting's name is near.
std::string suggestion(std::string_view mistyped);

}  // namespace pixie::app
