// Checks what a mirror's folder has against the SHA-256 of each file.
#pragma once

#include <string>

#include "mirror/folder.h"

namespace pixie::mirror {

enum class Soundness : std::uint8_t { sound, damaged, gone };

/// Reads a whole file. A damaged one is removed; a pixie that runs takes it for one that it does not have.
Soundness verify(const Folder& folder, const Entry& entry);

}  // namespace pixie::mirror
