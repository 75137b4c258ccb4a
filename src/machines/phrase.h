// The texts of pixie.toml that end up in a line of an iPXE script, and what must not be in them.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "machines/fleet.h"
#include "machines/table_reader.h"
#include "wire/diagnostic.h"

namespace pixie::machines {

/// What a phrase is in its command.
enum class Role : std::uint8_t {
  /// One word.
  url,
  /// The rest of the line.
  words,
};

/// What is wrong with a rendered phrase, if anything: iPXE takes the words `||`, `&&`, `;` and those that begin with `#`
/// for the end of the command (core/exec.c, command_terminator()).
std::optional<std::string> fault_in(std::string_view rendered, Role role);

/// Null if the text is no template, or has such a fault beside its tags.
std::optional<Phrase> read_phrase(TableReader& reader, const TableReader::Item& item, Role role);

}  // namespace pixie::machines
