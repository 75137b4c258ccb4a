// Profiles: what to boot.
#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "machines/draft.h"
#include "machines/names.h"
#include "machines/phrase.h"
#include "wire/error.h"
#include "wire/suggest.h"

namespace pixie::machines {
namespace {

constexpr std::string_view profile_keys[] = {
    "title",   "menu",   "menu-group", "firmware", "arch",  "kernel", "initrd",
    "cmdline", "script", "sanboot",    "chain",    "local", "vars",   "sha256"};
constexpr std::string_view target_keys[] = {"kernel", "script", "sanboot", "chain", "local"};
constexpr std::string_view target_rule =
    "a profile has exactly one of kernel, script, sanboot, chain, or local = true";

std::optional<Phrase> phrase(TableReader& reader, std::string_view key, Role role) {
  const auto item = reader.text(key);
  return item ? read_phrase(reader, *item, role) : std::nullopt;
}

/// As iPXE takes it behind `--name`.
bool is_image_name(std::string_view text) {
  return !text.starts_with('-') && !text.starts_with('#') &&
         text.find_first_of(" \t|&;$'\"") == std::string_view::npos;
}

std::optional<Initrd> named_initrd(TableReader reader) {
  constexpr std::string_view keys[] = {"url", "name", "path"};
  reader.expect_keys("an initrd", keys);
  auto url = phrase(reader, "url", Role::url);
  const auto name = reader.text("name");
  if (!reader.find("url")) reader.mistake("an initrd is a URL, or { url = \"…\", name = \"…\" }");
  if (name && !is_image_name(name->text))
    reader.mistake(*name->node, fmt::format("'{}' can't be an initrd's name", name->text));
  const auto path = reader.text("path");
  if (path && (!path->text.starts_with('/') || !is_image_name(path->text)))
    reader.mistake(*path->node, "'path' is where the file is to be in the initramfs: /proxmox.iso");
  if (!url) return std::nullopt;
  return Initrd{std::move(*url), name ? name->text : "", path ? path->text : ""};
}

std::vector<Initrd> initrds_of(TableReader& reader) {
  std::vector<Initrd> initrds;
  for (const auto* node : reader.elements("initrd")) {
    std::optional<Initrd> initrd;
    if (const auto* table = node->as_table()) {
      initrd = named_initrd(TableReader(*table, reader.file(), reader.mistakes()));
    } else if (const auto item = reader.text(*node)) {
      if (auto url = read_phrase(reader, *item, Role::url)) initrd.emplace(std::move(*url));
    }
    if (!initrd) continue;
    const bool taken = !initrd->name.empty() &&
                       std::ranges::find(initrds, initrd->name, &Initrd::name) != initrds.end();
    if (taken) reader.mistake(*node, fmt::format("another initrd is named '{}'", initrd->name));
    initrds.push_back(std::move(*initrd));
  }
  return initrds;
}

std::optional<Target> kernel_target(TableReader& reader) {
  auto kernel = phrase(reader, "kernel", Role::url);
  auto initrds = initrds_of(reader);
  auto cmdline = phrase(reader, "cmdline", Role::words);
  if (!kernel) return std::nullopt;
  return KernelTarget{std::move(*kernel), std::move(initrds), std::move(cmdline)};
}

bool is_plain_path(std::string_view name) {
  if (name.starts_with('/') || name.contains('\\')) return false;
  for (std::size_t begin = 0; begin <= name.size();) {
    const auto end = std::min(name.find('/', begin), name.size());
    const auto part = name.substr(begin, end - begin);
    if (part.empty() || part == "." || part == "..") return false;
    begin = end + 1;
  }
  return true;
}

Expected<std::string> script_content(const Sources& sources, const std::string& name) {
  for (const auto* texts : {&sources.texts, &sources.generated.texts}) {
    const auto found = std::ranges::find(*texts, name, &SourceFile::name);
    if (found != texts->end()) return found->content;
  }
  const auto unread = std::ranges::find(sources.unread, name, &UnreadFile::name);
  return fail(unread == sources.unread.end() ? "is not in the scripts folder" : unread->why);
}

/// Null, and the mistake is told, if there is no such script, or it is none.
const script::Template* script_named(Draft& draft, TableReader& reader,
                                     const TableReader::Item& item) {
  const auto& name = item.text;
  if (const auto known = draft.scripts.find(name); known != draft.scripts.end())
    return &known->second;
  if (!is_plain_path(name)) {
    reader.mistake(*item.node, "a script is named by its path in the scripts folder, without ..");
    return nullptr;
  }
  auto content = script_content(draft.sources, name);
  if (!content) {
    reader.mistake(*item.node, fmt::format("{} {}", name, content.error().text));
    return nullptr;
  }
  if (!content->starts_with("#!ipxe")) {
    draft.mistakes.add(
        wire::diagnose_at(name, *content, 0, "an iPXE script begins with a line #!ipxe"));
    return nullptr;
  }
  auto text = script::Template::parse(std::move(*content), name);
  if (!text) {
    draft.mistakes.add(std::move(text.error()));
    return nullptr;
  }
  return &draft.scripts.emplace(name, std::move(*text)).first->second;
}

std::optional<Target> script_target(Draft& draft, TableReader& reader) {
  const auto item = reader.text("script");
  const auto* text = item ? script_named(draft, reader, *item) : nullptr;
  if (!text) return std::nullopt;
  return ScriptTarget{*text};
}

/// Nothing if a mistake was told.
std::optional<Target> target_of(Draft& draft, TableReader& reader, std::string_view key) {
  if (key == "kernel") return kernel_target(reader);
  if (key == "script") return script_target(draft, reader);
  if (key == "local") return LocalTarget{};
  auto url = phrase(reader, key, Role::url);
  if (!url) return std::nullopt;
  if (key == "sanboot") return SanbootTarget{std::move(*url)};
  return ChainTarget{std::move(*url)};
}

/// The one of the five that the profile has; empty, and the mistake is told, if it is not one.
std::string_view target_key(TableReader& reader, const toml::key& name) {
  std::string_view chosen;
  for (const auto key : target_keys) {
    const auto* node = reader.find(key);
    if (!node || (key == "local" && !reader.flag(key))) continue;
    if (!chosen.empty()) {
      reader.mistake(*node, fmt::format("{}; this one has {} already", target_rule, chosen));
      return "";
    }
    chosen = key;
  }
  if (chosen.empty()) reader.mistake(name, std::string(target_rule));
  if (chosen == "kernel") return chosen;
  for (const auto* key : {"initrd", "cmdline"}) {
    if (const auto* node = reader.find(key))
      reader.mistake(*node, fmt::format("'{}' goes with a kernel; this profile has none", key));
  }
  return chosen;
}

/// Some of the names that there are.
std::vector<std::string> names_under(TableReader& reader, std::string_view key,
                                     std::span<const std::string_view> known) {
  std::vector<std::string> names;
  for (auto& item : reader.texts(key)) {
    if (!contains(known, item.text)) {
      reader.mistake(*item.node,
                     fmt::format("'{}' is not one of {}{}", item.text, fmt::join(known, ", "),
                                 wire::suggestion(item.text, known)));
    }
    names.push_back(std::move(item.text));
  }
  return names;
}

script::Fit fit_of(TableReader& reader) {
  // UEFI HTTP Boot is UEFI.
  constexpr std::string_view firmware[] = {"bios", "uefi"};
  return {.firmware = names_under(reader, "firmware", firmware),
          .arch = names_under(reader, "arch", arch_names())};
}

}  // namespace

void load_profile(Draft& draft, const toml::key& key, TableReader& reader, Place place) {
  reader.expect_keys("a profile", profile_keys);
  const std::string name(key.str());
  if (!is_name(name)) {
    reader.mistake(key, "a profile's name has letters, digits, '.', '_' and '-' alone");
  }
  load_pins(draft, reader);
  const auto title = reader.text("title");
  const auto menu_group = reader.text("menu-group");
  const auto chosen = target_key(reader, key);
  auto target = chosen.empty() ? std::nullopt : target_of(draft, reader, chosen);
  Profile profile{.name = name,
                  .title = title ? title->text : name,
                  .menu = reader.flag("menu"),
                  .menu_group = menu_group ? menu_group->text : "",
                  .fit = fit_of(reader),
                  .target = target ? std::move(*target) : LocalTarget{},
                  .vars = draft.vars_of(reader),
                  .place = std::move(place)};
  const auto [there, added] = draft.content.profiles.emplace(name, std::move(profile));
  if (!added) reader.mistake(key, written_twice("profile", name, there->second.place));
}

}  // namespace pixie::machines
