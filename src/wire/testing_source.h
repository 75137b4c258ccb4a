// Where the project's source is, for tests that read files of it.
#pragma once

#include <string>

namespace pixie::wire {

/// Made by cmake/Module.cmake in a file of its own, so that all other objects are the same in every checkout, and found
/// by ccache.
std::string source_folder();

}  // namespace pixie::wire
