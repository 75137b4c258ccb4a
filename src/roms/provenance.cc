#include "roms/provenance.h"

#include <algorithm>
#include <set>
#include <system_error>

#include <fmt/format.h>

#include "roms/files.h"

namespace pixie::roms {

namespace {

constexpr std::size_t kLongest = 4 << 20;
constexpr std::string_view kFrom = "# from ";

bool is_sha256(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == text.npos;
}

}  // namespace

Expected<Provenance> parse_provenance(std::string_view text) {
  Provenance provenance;
  std::string_view origin;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.starts_with(kFrom)) origin = line.substr(kFrom.size());
    if (line.empty() || line.starts_with('#')) continue;
    if (line.size() < 67 || !is_sha256(line.substr(0, 64)) || line.substr(64, 2) != "  ") {
      return fail(fmt::format("{}:{}: expected a SHA-256, two blanks and a file name",
                              kProvenanceFile, number));
    }
    provenance.insert_or_assign(
        std::string(line.substr(66)),
        ProvenanceRecord{std::string(line.substr(0, 64)), std::string(origin)});
  }
  return provenance;
}

std::string to_text(const Provenance& provenance) {
  std::string text =
      "# What pixie imported into this folder. Check it with `pixie roms verify` or `sha256sum "
      "-c`.\n";
  std::set<std::string_view> origins;
  for (const auto& [path, record] : provenance) origins.insert(record.origin);
  for (const auto origin : origins) {
    text += fmt::format("{}{}\n", kFrom, origin);
    for (const auto& [path, record] : provenance) {
      if (record.origin == origin) text += fmt::format("{}  {}\n", record.sha256, path);
    }
  }
  return text;
}

Expected<Provenance> read_provenance(const std::filesystem::path& folder) {
  if (folder.empty()) return Provenance{};
  const auto file = folder / kProvenanceFile;
  std::error_code error;
  if (!std::filesystem::exists(file, error)) return Provenance{};
  const auto bytes = read_file(file, kLongest);
  if (!bytes) return std::unexpected(bytes.error());
  return parse_provenance(wire::as_text(*bytes));
}

}  // namespace pixie::roms
