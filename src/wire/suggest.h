// "Did you mean": the name that a mistyped one is nearest to.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace pixie::wire {

/// `; did you mean 'kea'?`, or nothing if no name is near.
std::string suggestion(std::string_view mistyped, std::span<const std::string_view> names);

}  // namespace pixie::wire
