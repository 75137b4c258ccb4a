// Brings ROMs into a folder for --roms: from iPXE's release bundle or from any folder of ROMs.
//
// The bundle (made by iPXE's `util/gensrvimg`) has one folder per architecture (`x86_64`, `i386`,
// `arm64`, …) with equal names in each, `…-sb` folders with signed ROMs and their shim for Secure
// Boot, and links for the default names. Here, architectures are told apart by name
// (`snponly64.efi`, `snponly-arm64.efi`), so that one flat folder serves all. Only signed ROMs stay
// in their `…-sb` folder: iPXE's shim loads, from its own folder, the ROM that its own name says
// (`snponly-shim.efi` loads `snponly.efi`).
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "roms/pe.h"
#include "wire/cursor.h"
#include "wire/error.h"

namespace pixie::roms {

struct SourceFile {
  /// Within the bundle or folder; components are separated by `/`.
  std::string path;
  wire::Bytes bytes;
};

struct PlannedRom {
  /// Within the ROM folder.
  std::string name;
  SourceFile source;
  Image image;
};

struct SkippedFile {
  std::string path;
  std::string reason;
};

struct ImportPlan {
  std::vector<PlannedRom> roms;
  std::vector<SkippedFile> skipped;
};

/// Decides what becomes of each file, by its content first and its name second. No file is touched.
/// The plan refers to the bytes of `files`.
ImportPlan plan_import(const std::vector<SourceFile>& files);

struct ImportResult {
  ImportPlan plan;
  /// Parallel to `plan.roms`: lower-case SHA-256.
  std::vector<std::string> sha256;
  /// Keeps what the plan refers to.
  std::vector<std::vector<std::byte>> storage;
};

/// Imports `source` (a bundle, gzipped or not, or a folder) into `folder`, which is made if need
/// be, and records it there; `date` goes into the record. Nothing is written unless the whole
/// source was read and at least one ROM recognised; files that are there already are replaced one
/// by one, atomically.
Expected<ImportResult> import_roms(const std::filesystem::path& source,
                                   const std::filesystem::path& folder, std::string_view date);

}  // namespace pixie::roms
