// The commands `pixie roms list|verify|export|import`: everything but the command line. They print
// to a stream, block, and fail with one sentence for the operator.
#pragma once

#include <filesystem>
#include <ostream>
#include <string_view>

#include "roms/catalogue.h"
#include "wire/error.h"

namespace pixie::roms {

/// The table of the ROMs that answer, embedded ones and the overlay's, then which of the contract's
/// names are answered by a stand-in or not at all, with the remedy. `full_hashes` prints the
/// SHA-256 whole.
Expected<void> list(const Catalogue& catalogue, bool full_hashes, std::ostream& out);

/// Recomputes the SHA-256 of every embedded ROM and of every overlay file, compares it with what
/// was recorded at build time or by the import, and checks that each is for the machine that its
/// name says. Prints a line for each; fails if any differs, or if a recorded file is gone.
Expected<void> verify(const Catalogue& catalogue, std::ostream& out);

/// Writes every embedded ROM under its name into the folder, which is made if need be. A file that
/// is there with another content is an error, before anything is written, unless `force`.
Expected<void> export_to(const Catalogue& catalogue, const std::filesystem::path& folder,
                         bool force, std::ostream& out);

/// Imports a release bundle or a folder into `roms_folder` (see import.h), and prints what became
/// of each file. `date` is written into the record, as YYYY-MM-DD.
Expected<void> import_from(const std::filesystem::path& source,
                           const std::filesystem::path& roms_folder, std::string_view date,
                           std::ostream& out);

}  // namespace pixie::roms
