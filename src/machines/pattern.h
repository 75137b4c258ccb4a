// The patterns of rules: `*` stands for any text, `?` for one character, letters are the same in any case.
#pragma once

#include <string>
#include <string_view>

namespace pixie::machines {

/// ASCII letters alone.
std::string lower(std::string_view text);

/// Whether it holds a `*` or `?`.
bool is_glob(std::string_view pattern);

/// `pattern` is in lower case. Takes at most pattern × text steps.
bool glob_matches(std::string_view pattern, std::string_view text);

}  // namespace pixie::machines
