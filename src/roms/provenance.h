// The record that an import leaves in the ROM folder: each file's SHA-256, where it came from and
// when. The format is that of sha256sum, with the origin in comments, so that `sha256sum -c` can
// check it too:
//   # from ipxeboot.tar.gz (SHA-256 01a5…), imported 2026-11-23
//   7101de4a…  snponly64.efi
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "wire/error.h"

namespace pixie::roms {

constexpr std::string_view kProvenanceFile = "pixie-roms.sha256";

struct ProvenanceRecord {
  std::string sha256;
  /// A phrase: from where and when; empty if the record doesn't tell.
  std::string origin;
};

/// By path, relative to the ROM folder.
using Provenance = std::map<std::string, ProvenanceRecord, std::less<>>;

Expected<Provenance> parse_provenance(std::string_view text);
std::string to_text(const Provenance& provenance);

/// The record of a ROM folder; empty if it has none, or if `folder` is the empty path.
Expected<Provenance> read_provenance(const std::filesystem::path& folder);

}  // namespace pixie::roms
