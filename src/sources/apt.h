// Which mirror apt uses, from the text of its configuration: sources.list(5), both formats.
#pragma once

#include <set>
#include <string>
#include <string_view>

namespace pixie::sources {

/// The first http or https URI of a `deb` entry for one of `suites`, with a slash at its end; empty if there is none.
/// `deb822`: the text is of a file `*.sources`, else of a `*.list`.
std::string apt_mirror(std::string_view text, bool deb822, const std::set<std::string>& suites);

}  // namespace pixie::sources
