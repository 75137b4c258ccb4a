// Which ROM answers for which name: the embedded ROMs, overlaid by a folder whose files win.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "roms/rom.h"
#include "wire/error.h"

namespace pixie::roms {

/// What a name resolves to: a file of the overlay if `overlay_file` is set, else the bytes of
/// `rom`.
struct Entry {
  /// The ROM of the manifest that was meant; null for an overlay file of another name.
  const Rom* rom = nullptr;
  /// Relative to the overlay folder, as spelled there.
  std::string overlay_file;
  /// Set if the ROM that was meant is missing and this one answers in its stead: the name of that
  /// one.
  std::string_view stands_in_for;
};

/// Immutable once made, so that any number of threads may read it. It knows the overlay's file
/// names, not their contents: a file that appears later is seen by the next catalogue.
class Catalogue {
 public:
  /// `known` must live as long as the catalogue; the program's own are `known_roms()`.
  explicit Catalogue(std::span<const Rom> known = known_roms());

  /// With the files of a folder and of its sub-folders, one level deep. Hidden files, the folder's
  /// record of provenance, and symbolic links that leave the folder don't count. Fails if the
  /// folder can't be read or holds more than 10,000 files.
  static Expected<Catalogue> with_overlay(const std::filesystem::path& folder,
                                          std::span<const Rom> known = known_roms());

  /// The entry for a name or an alias, compared without regard to ASCII case, without a leading
  /// slash; null if there is none. An overlay file of exactly this name is found first, then one
  /// that has another name of the same ROM, then the embedded ROM, then its stand-in. Valid as long
  /// as the catalogue.
  const Entry* find(std::string_view name) const;

  /// Whether the name, or alias, is one that the drop-in contract lists.
  bool is_contract_name(std::string_view name) const;

  /// If the manifest knows the name but nothing answers for it: the sentences to tell whoever
  /// asked.
  std::optional<std::string> missing(std::string_view name) const;
  /// The sentence that tells how to add what is missing.
  std::string remedy() const;

  std::span<const Rom> known() const { return known_; }
  /// Relative paths of the overlay's files, sorted; empty without an overlay.
  std::span<const std::string> overlay_files() const { return overlay_files_; }
  const std::filesystem::path& overlay_folder() const { return overlay_folder_; }

 private:
  using Names = std::map<std::string, Entry, std::less<>>;

  Catalogue(std::span<const Rom> known, std::filesystem::path folder,
            std::vector<std::string> files);
  const Rom* known_rom(std::string_view name) const;
  Entry own_entry(const Rom& rom, const Names& files) const;

  std::span<const Rom> known_;
  std::filesystem::path overlay_folder_;
  std::vector<std::string> overlay_files_;
  Names entries_;  // by lower-case name
};

}  // namespace pixie::roms
