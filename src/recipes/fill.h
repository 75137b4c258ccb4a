// Fills what is known of an image into the texts of a recipe. The result is still a template: whatever else stands
// between braces is filled in for each machine.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>

#include "recipes/pattern.h"

namespace pixie::recipes {

/// An image's path in URLs: what is not a letter, a digit, `-`, `.`, `_`, `~` or `/` is percent-encoded.
std::string in_url(std::string_view text);
/// A word that iPXE and kernels take as it is: other characters than letters, digits and `._:@%+,=~/-` become `_`.
std::string as_word(std::string_view text);
/// For people, on one line: without control characters, and without blanks that stand for nothing; bytes that are no
/// UTF-8 become U+FFFD. If nothing is left, `otherwise` is taken, and at last `?`.
std::string as_title(std::string_view text, std::string_view otherwise = {});

/// Puts `value_of(name)` in place of `{{name}}` for the names that are in `names`.
std::string fill(std::string_view text, const std::set<std::string, std::less<>>& names,
                 const std::function<std::string(std::string_view name)>& value_of);

/// A text that comes out of a template as it is.
std::string escaped(std::string_view text);
/// A text as a value of a TOML file, with its quotes.
std::string toml_text(std::string_view text);

}  // namespace pixie::recipes
