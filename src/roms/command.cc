#include "roms/command.h"

#include <algorithm>
#include <array>
#include <string>
#include <system_error>
#include <vector>

#include <fmt/format.h>

#include "roms/files.h"
#include "roms/import.h"
#include "roms/pe.h"
#include "roms/provenance.h"
#include "roms/sha256.h"
#include "wire/table.h"

namespace pixie::roms {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kLargestRom = 64 << 20;
constexpr std::size_t kShortHash = 12;

using wire::print_table;
using wire::Row;

std::string machine(Architecture architecture, Firmware firmware) {
  return fmt::format("{} {}", name_of(architecture), name_of(firmware));
}

std::string shortened(std::string_view hash, bool full) {
  return std::string(full ? hash : hash.substr(0, kShortHash));
}

std::string aliases_of(const Rom& rom) {
  std::vector<std::string_view> aliases;
  for (const auto alias : rom.aliases) {
    if (alias.find('/') == alias.npos) aliases.push_back(alias);
  }
  return aliases.empty() ? "-" : fmt::format("{}", fmt::join(aliases, ", "));
}

/// A file of the overlay, read and looked at.
struct OverlayFile {
  std::size_t size = 0;
  std::string sha256;
  std::string machine = "unrecognised";
  std::string version = "unknown";
  bool is_signed = false;
  const ProvenanceRecord* record = nullptr;
  std::string problem;
};

OverlayFile look_at(const Catalogue& catalogue, const std::string& path,
                    const Provenance& provenance) {
  OverlayFile result;
  const auto bytes = read_file(catalogue.overlay_folder() / path, kLargestRom);
  if (!bytes) {
    result.problem = bytes.error().text;
    return result;
  }
  result.size = bytes->size();
  result.sha256 = sha256(*bytes);
  const auto record = provenance.find(path);
  if (record != provenance.end()) result.record = &record->second;
  if (result.record && result.record->sha256 != result.sha256)
    result.problem = "changed since it was imported";

  const auto* entry = catalogue.find(path);
  const Rom* meant = entry ? entry->rom : nullptr;
  const auto image = identify(*bytes);
  if (!image) {
    if (meant) result.problem = image.error().text;
    return result;
  }
  result.machine = machine(image->architecture, image->firmware);
  result.is_signed = image->is_signed;
  if (!image->version.empty()) result.version = image->version;
  if (meant && (meant->firmware != image->firmware || (meant->architecture != image->architecture &&
                                                       image->firmware == Firmware::kUefi))) {
    result.problem = fmt::format("is for {}, its name says {}", result.machine,
                                 machine(meant->architecture, meant->firmware));
  }
  return result;
}

/// Licence and source are the same for many ROMs: one line for each pair.
void print_licences(const Catalogue& catalogue, std::ostream& out) {
  std::vector<std::string> lines;
  for (const auto& rom : catalogue.known()) {
    if (!rom.embedded()) continue;
    auto line = fmt::format("Licence: {}. Source code: {}.", rom.licence, rom.source);
    if (std::ranges::find(lines, line) == lines.end()) lines.push_back(std::move(line));
  }
  if (!catalogue.overlay_files().empty()) {
    lines.push_back(fmt::format(
        "The ROMs of {} come with their makers' licences; iPXE's is GPL-2.0 with UBDL, its source "
        "code is at https://ipxe.org.",
        catalogue.overlay_folder().string()));
  }
  out << '\n';
  for (const auto& line : lines) out << line << '\n';
}

void print_stand_ins_and_missing(const Catalogue& catalogue, std::ostream& out) {
  for (const auto& rom : catalogue.known()) {
    const auto* entry = catalogue.find(rom.name);
    if (!entry || entry->stands_in_for.empty()) continue;
    out << fmt::format("Not here, but answered by {}: {}\n", entry->rom->name, rom.name);
  }
  std::vector<std::string_view> missing;
  for (const auto& rom : catalogue.known()) {
    if (rom.contract && !catalogue.find(rom.name)) missing.push_back(rom.name);
  }
  if (missing.empty()) return;
  out << fmt::format("Missing: {}\n{}\n", fmt::join(missing, ", "), catalogue.remedy());
}

std::string describe(const Image& image) {
  return fmt::format("{}, {}", machine(image.architecture, image.firmware),
                     image.is_signed ? "signed" : "unsigned");
}

/// What is wrong with an embedded ROM; empty if nothing is. `description` gets what it is.
std::string check_embedded(const Rom& rom, std::string& description) {
  const auto image = identify(rom.bytes);
  if (!image) return image.error().text;
  description = describe(*image);
  if (sha256(rom.bytes) != rom.sha256) return "its SHA-256 is not that of the build";
  if (image->firmware != rom.firmware ||
      (image->firmware == Firmware::kUefi && image->architecture != rom.architecture)) {
    return fmt::format("is for {}, its name says {}", machine(image->architecture, image->firmware),
                       machine(rom.architecture, rom.firmware));
  }
  return {};
}

}  // namespace

Expected<void> list(const Catalogue& catalogue, bool full_hashes, std::ostream& out) {
  const auto provenance = read_provenance(catalogue.overlay_folder());
  if (!provenance) return std::unexpected(provenance.error());

  std::vector<Row> rows{{"NAME", "ALSO", "MACHINE", "BYTES", "SHA-256", "IPXE", "FROM"}};
  for (const auto& rom : catalogue.known()) {
    const auto* entry = catalogue.find(rom.name);
    const bool is_overlaid = entry && entry->stands_in_for.empty() && !entry->overlay_file.empty();
    if (!rom.embedded()) continue;
    rows.push_back({std::string(rom.name), aliases_of(rom), machine(rom.architecture, rom.firmware),
                    fmt::format("{}", rom.bytes.size()), shortened(rom.sha256, full_hashes),
                    std::string(rom.version),
                    is_overlaid ? fmt::format("{} (hidden by {} of the ROM folder)", rom.origin,
                                              entry->overlay_file)
                                : std::string(rom.origin)});
  }
  for (const auto& path : catalogue.overlay_files()) {
    const auto file = look_at(catalogue, path, *provenance);
    const auto* entry = catalogue.find(path);
    const auto origin =
        file.record && !file.record->origin.empty() ? file.record->origin : "put there by hand";
    rows.push_back({path, entry && entry->rom ? aliases_of(*entry->rom) : "-", file.machine,
                    fmt::format("{}", file.size), shortened(file.sha256, full_hashes), file.version,
                    fmt::format("{}: {}{}", catalogue.overlay_folder().string(), origin,
                                file.problem.empty() ? "" : " – " + file.problem)});
  }
  print_table(rows, out);
  print_licences(catalogue, out);
  print_stand_ins_and_missing(catalogue, out);
  return {};
}

Expected<void> verify(const Catalogue& catalogue, std::ostream& out) {
  const auto provenance = read_provenance(catalogue.overlay_folder());
  if (!provenance) return std::unexpected(provenance.error());

  std::vector<Row> rows;
  std::vector<std::string> bad;
  const auto add = [&](std::string name, const std::string& description,
                       const std::string& problem) {
    if (!problem.empty()) bad.push_back(name);
    rows.push_back({problem.empty() ? "good" : "BAD", std::move(name),
                    problem.empty() ? description : problem});
  };
  for (const auto& rom : catalogue.known()) {
    if (!rom.embedded()) continue;
    std::string description;
    const auto problem = check_embedded(rom, description);
    add(std::string(rom.name), description + ", embedded", problem);
  }
  for (const auto& path : catalogue.overlay_files()) {
    const auto file = look_at(catalogue, path, *provenance);
    add(path,
        fmt::format("{}, {}, {}", file.machine, file.is_signed ? "signed" : "unsigned",
                    file.record ? "as imported" : "no record of it"),
        file.problem);
  }
  for (const auto& [path, record] : *provenance) {
    if (!std::ranges::binary_search(catalogue.overlay_files(), path)) {
      add(path, {}, "was imported, but is gone");
    }
  }
  print_table(rows, out);
  if (bad.empty()) return {};
  return fail(fmt::format("{} of {} ROMs are not as they should be: {}.", bad.size(), rows.size(),
                          fmt::join(bad, ", ")));
}

Expected<void> export_to(const Catalogue& catalogue, const fs::path& folder, bool force,
                         std::ostream& out) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return fail(fmt::format("{} can't be made: {}.", folder.string(), error.message()));

  std::vector<const Rom*> to_write;
  std::vector<Row> rows;
  for (const auto& rom : catalogue.known()) {
    if (!rom.embedded()) continue;
    const auto path = folder / rom.name;
    const bool is_there = fs::exists(path, error);
    const auto present =
        is_there ? read_file(path, kLargestRom) : Expected<std::vector<std::byte>>();
    const bool is_same = is_there && present && std::ranges::equal(*present, rom.bytes);
    if (is_there && !is_same && !force) {
      return fail(
          fmt::format("{} is there with another content. Nothing was written; --force replaces it.",
                      path.string()));
    }
    if (!is_same) to_write.push_back(&rom);
    rows.push_back({is_same ? "unchanged" : is_there ? "replaced" : "written", path.string()});
  }
  for (const auto* rom : to_write) {
    if (auto done = write_file(folder / rom->name, rom->bytes); !done) return done;
  }
  print_table(rows, out);
  return {};
}

Expected<void> import_from(const fs::path& source, const fs::path& roms_folder,
                           std::string_view date, std::ostream& out) {
  const auto result = import_roms(source, roms_folder, date);
  if (!result) return std::unexpected(result.error());

  std::vector<Row> rows{{"IMPORTED", "MACHINE", "BYTES", "SHA-256", "IPXE", "FROM"}};
  for (std::size_t i = 0; i < result->plan.roms.size(); ++i) {
    const auto& rom = result->plan.roms[i];
    rows.push_back({rom.name, describe(rom.image), fmt::format("{}", rom.source.bytes.size()),
                    shortened(result->sha256[i], false),
                    rom.image.version.empty() ? "unknown" : std::string(rom.image.version),
                    rom.source.path});
  }
  print_table(rows, out);
  if (!result->plan.skipped.empty()) {
    rows = {{"SKIPPED", "WHY"}};
    for (const auto& skipped : result->plan.skipped) rows.push_back({skipped.path, skipped.reason});
    out << '\n';
    print_table(rows, out);
  }
  out << fmt::format("\nServe them with: pixie --roms {}\n", roms_folder.string());
  return {};
}

}  // namespace pixie::roms
