// SHA-256 sums in the files that distributions publish: `sha256sum`'s lines, BSD's (`SHA256 (name) = …`), Debian's
// Release files, `.treeinfo`, SUSE's CHECKSUMS. In all of them a line has the name and 64 hexadecimal digits.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "wire/error.h"

namespace pixie::sources {

/// The sum of the file of that name, in lower case; nothing if it is not listed. The error: it is listed with different
/// sums.
Expected<std::optional<std::string>> sum_of(std::string_view sums, std::string_view name);

/// The listed name that fits `pattern` (one `*` stands for anything); the last of them in the order of names, where
/// digits are numbers: the newest. Empty: there is none.
std::string name_like(std::string_view sums, std::string_view pattern);

}  // namespace pixie::sources
