#include "roms/catalogue.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "roms/provenance.h"

namespace pixie::roms {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kMostFiles = 10'000;

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

bool answers(const Entry& entry) {
  return !entry.overlay_file.empty() || (entry.rom && entry.rom->embedded());
}

/// Whether what the path leads to lies in the folder, links followed.
bool stays_inside(const fs::path& path, const fs::path& folder) {
  std::error_code error;
  const auto target = fs::canonical(path, error);
  if (error) return false;
  const auto [end, rest] = std::ranges::mismatch(folder, target);
  return end == folder.end();
}

Error cannot_read(const fs::path& folder, const std::error_code& error) {
  return {fmt::format("The ROM folder {} can't be read: {}.", folder.string(), error.message())};
}

/// Adds the regular files of `folder / below`, as paths relative to `folder`, which is canonical.
Expected<void> scan(const fs::path& folder, const fs::path& below,
                    std::vector<std::string>& files) {
  std::error_code error;
  fs::directory_iterator item(folder / below, error);
  for (; !error && item != fs::directory_iterator(); item.increment(error)) {
    const auto name = item->path().filename();
    if (name.native().starts_with('.') || name == kProvenanceFile) continue;
    std::error_code gone;
    if (item->is_directory(gone) && !item->is_symlink(gone) && below.empty()) {
      if (auto done = scan(folder, name, files); !done) return done;
    } else if (item->is_regular_file(gone) && stays_inside(item->path(), folder)) {
      if (files.size() == kMostFiles) {
        return fail(
            fmt::format("The ROM folder {} holds more than {} files; give a folder of ROMs only.",
                        folder.string(), kMostFiles));
      }
      files.push_back((below / name).string());
    }
  }
  if (error) return std::unexpected(cannot_read(folder / below, error));
  return {};
}

}  // namespace

Catalogue::Catalogue(std::span<const Rom> known) : Catalogue(known, {}, {}) {}

Catalogue::Catalogue(std::span<const Rom> known, fs::path folder, std::vector<std::string> files)
    : known_(known), overlay_folder_(std::move(folder)), overlay_files_(std::move(files)) {
  Names by_file;
  for (const auto& file : overlay_files_)
    by_file.try_emplace(lower(file), Entry{nullptr, file, {}});

  for (const auto& rom : known_) {
    auto entry = own_entry(rom, by_file);
    if (!answers(entry)) {
      const auto* stand_in = known_rom(rom.stand_in);
      if (!stand_in) continue;
      entry = own_entry(*stand_in, by_file);
      entry.stands_in_for = rom.name;
      if (!answers(entry)) continue;
    }
    entries_.emplace(lower(rom.name), entry);
    for (const auto alias : rom.aliases) entries_.emplace(lower(alias), entry);
  }
  for (auto& [name, entry] : by_file) {
    entry.rom = known_rom(name);
    entries_.insert_or_assign(name, entry);
  }
}

Entry Catalogue::own_entry(const Rom& rom, const Names& files) const {
  Entry entry{&rom, {}, {}};
  if (const auto file = files.find(lower(rom.name)); file != files.end()) {
    entry.overlay_file = file->second.overlay_file;
    return entry;
  }
  for (const auto alias : rom.aliases) {
    if (const auto file = files.find(lower(alias)); file != files.end()) {
      entry.overlay_file = file->second.overlay_file;
      return entry;
    }
  }
  return entry;
}

Expected<Catalogue> Catalogue::with_overlay(const fs::path& folder, std::span<const Rom> known) {
  std::error_code error;
  const auto root = fs::canonical(folder, error);
  if (error) return std::unexpected(cannot_read(folder, error));
  if (!fs::is_directory(root, error)) {
    return fail(fmt::format("{} is no folder: --roms takes a folder of ROMs.", folder.string()));
  }
  std::vector<std::string> files;
  if (auto done = scan(root, {}, files); !done) return std::unexpected(done.error());
  std::ranges::sort(files);
  return Catalogue(known, folder, std::move(files));
}

const Entry* Catalogue::find(std::string_view name) const {
  const auto entry = entries_.find(lower(name));
  return entry == entries_.end() ? nullptr : &entry->second;
}

const Rom* Catalogue::known_rom(std::string_view name) const {
  const auto wanted = lower(name);
  const auto is_meant = [&](std::string_view candidate) { return lower(candidate) == wanted; };
  const auto rom = std::ranges::find_if(known_, [&](const Rom& candidate) {
    return is_meant(candidate.name) || std::ranges::any_of(candidate.aliases, is_meant);
  });
  return rom == known_.end() ? nullptr : &*rom;
}

bool Catalogue::is_contract_name(std::string_view name) const {
  const auto* rom = known_rom(name);
  return rom && rom->contract;
}

std::optional<std::string> Catalogue::missing(std::string_view name) const {
  const auto* rom = known_rom(name);
  if (!rom || find(name)) return std::nullopt;
  return fmt::format("This pixie has no {}. {}", rom->name, remedy());
}

std::string Catalogue::remedy() const {
  const auto folder = overlay_folder_.empty() ? std::string("DIR") : overlay_folder_.string();
  return fmt::format(
      "Add it with iPXE's release bundle: pixie roms import ipxeboot.tar.gz --roms {}, and start "
      "pixie with --roms {}.",
      folder, folder);
}

}  // namespace pixie::roms
