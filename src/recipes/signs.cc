#include "recipes/signs.h"

#include <algorithm>
#include <span>

#include "images/image.h"

namespace pixie::recipes {
namespace {

std::string_view trimmed(std::string_view line) {
  constexpr std::string_view blanks = " \t\r";
  line.remove_prefix(std::min(line.find_first_not_of(blanks), line.size()));
  return line.substr(0, line.find_last_not_of(blanks) + 1);
}

bool has_kind(const Contents& contents, const std::vector<std::string>& kinds) {
  const auto kind = images::kind_name(contents.image_kind());
  if (kinds.empty()) return kind == "iso" || kind == "folder";
  return std::ranges::find(kinds, kind) != kinds.end();
}

/// An image may have folders without end in which a pattern of several parts looks for something.
constexpr std::size_t names_tried_limit = 20'000;

/// Finds a path of the patterns below `folder`, the first in the order of the names. `tried` counts names.
bool has_path(const Contents& contents, const std::string& folder, std::span<const Pattern> parts,
              Facts& facts, std::size_t& tried) {
  const auto below = folder.empty() ? "" : folder + "/";
  const auto& part = parts.front();
  const auto rest = parts.subspan(1);
  const auto try_one = [&](const std::string& name) {
    const auto path = below + name;
    return rest.empty() ? contents.kind(path) != Contents::Kind::nothing
                        : has_path(contents, path, rest, facts, tried);
  };
  if (part.is_plain()) return try_one(part.text());
  for (const auto& name : contents.names(folder)) {
    if (++tried > names_tried_limit) return false;
    auto with_name = facts;
    if (!part.matches(name, with_name)) continue;
    std::swap(facts, with_name);
    if (try_one(name)) return true;
    std::swap(facts, with_name);
  }
  return false;
}

bool has_line(const Contents& contents, const LinePattern& wanted, Facts& facts) {
  const auto text = contents.text(wanted.file);
  if (!text) return false;
  for (std::string_view rest = *text; !rest.empty();) {
    const auto end = std::min(rest.find('\n'), rest.size());
    if (wanted.line.matches(trimmed(rest.substr(0, end)), facts)) return true;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return false;
}

}  // namespace

bool shows(const Contents& contents, const Signs& signs, Facts& facts) {
  auto found = facts;
  const auto volume = contents.volume_id();
  const bool shown =
      has_kind(contents, signs.kinds) &&
      std::ranges::all_of(signs.el_torito,
                          [&](const auto& firmware) { return contents.boots(firmware); }) &&
      (signs.volumes.empty() ||
       std::ranges::any_of(signs.volumes,
                           [&](const Pattern& one) { return one.matches(volume, found); })) &&
      std::ranges::all_of(signs.files,
                          [&](const auto& path) {
                            std::size_t tried = 0;
                            return has_path(contents, "", path, found, tried);
                          }) &&
      std::ranges::all_of(signs.lines,
                          [&](const auto& line) { return has_line(contents, line, found); });
  if (shown) facts = std::move(found);
  return shown;
}

}  // namespace pixie::recipes
