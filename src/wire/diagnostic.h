// A mistake in a file that somebody wrote, with the place where it stands.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace pixie::wire {

struct Diagnostic {
  /// As its reader knows it: relative to the scripts folder, `pixie.toml`, `templates/preseed.cfg`.
  std::string file;
  /// From 1; 0 if the mistake has no place in the file.
  std::size_t line = 0;
  /// In bytes, from 1.
  std::size_t column = 0;
  /// What is wrong and what to do: one sentence, without the place.
  std::string text;
  /// The line of the file, without its newline; may be empty.
  std::string excerpt = {};

  bool operator==(const Diagnostic&) const = default;

  /// `pixie.toml:3:1: text`, for a log line.
  std::string one_line() const;
  /// As one_line(), then the excerpt and a caret below the column, for a terminal. Ends in a newline. Tabs are kept
  /// in front of the caret, so that it stands right; control characters of the excerpt are shown as `?`.
  std::string with_caret() const;
};

/// The diagnostic for the byte `offset` of `content`: line, column and excerpt are counted here.
Diagnostic diagnose_at(const std::string& file, std::string_view content, std::size_t offset,
                       std::string text);

}  // namespace pixie::wire
