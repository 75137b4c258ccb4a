// The text of a script that the owner wrote into the scripts folder, for those who show it.
#pragma once

#include <optional>
#include <string>

#include "tree/answer.h"
#include "wire/error.h"

namespace pixie::app {

/// The whole text, or why it can't be served or shown (such as beyond 1 MiB); nothing: there is no such script.
std::optional<Expected<std::string>> text_of(const std::optional<tree::OwnerScript>& script);

}  // namespace pixie::app
