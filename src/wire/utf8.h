// UTF-8, where texts of others may be none.
#pragma once

#include <cstddef>
#include <string_view>

namespace pixie::wire {

/// How many bytes the UTF-8 character at the start of `text` has (RFC 3629: no overlong forms, no
/// surrogates, nothing above U+10FFFF); 0 if there is none.
std::size_t utf8_length(std::string_view text);

}  // namespace pixie::wire
