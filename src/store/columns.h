// How a machine's facts, its variables and a boot's steps stand in a column of the store.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "events/boot.h"
#include "machines/identity.h"
#include "script/value.h"
#include "wire/error.h"

namespace pixie::store {

/// A line for each known fact: its name, its source, and its text, which has no control characters:
/// `hostname claimed web1`.
std::string facts_column(const machines::Identity& identity);
/// Lines that it does not understand are left out.
machines::Identity read_facts(std::string_view column);
/// Whether `text`, which is in lower case, stands in one of the facts, in any case (of ASCII letters).
bool facts_contain(std::string_view column, std::string_view text);

/// A JSON object.
std::string vars_column(const script::Table& vars);
Expected<script::Table> read_vars(std::string_view column);

/// A JSON list of `[nanoseconds since 1970, event, text, bytes, seconds]`.
std::string steps_column(const std::vector<events::BootStep>& steps);
Expected<std::vector<events::BootStep>> read_steps(std::string_view column);

}  // namespace pixie::store
