// The body of a call that assigns something to a machine.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "api/call.h"
#include "machines/decide.h"
#include "script/value.h"

namespace pixie::api {

/// What the members say; those that are not there were not given. Null is empty: nothing assigned.
struct Edit {
  std::optional<std::string> profile;
  std::optional<std::string> once;
  std::optional<script::Table> vars;

  /// What is given replaces what `assignment` has.
  void apply(machines::Assignment& assignment) const;
};

/// A JSON object with the members `profile`, `once` and `vars`. What is no JSON, is nested more than 16 deep or has a
/// member twice is answered 400; another member or type, and a name that no variable may have, 422. The detail begins
/// with the member: `once: text or null expected, not a number`.
std::expected<Edit, Answer> parse_edit(std::string_view body);

}  // namespace pixie::api
