// Fleet::load(): the settings files, and the tables in them that are simple.
#include <malloc.h>

#include <algorithm>
#include <deque>
#include <ranges>
#include <utility>

#include <fmt/format.h>

#include "machines/draft.h"
#include "machines/names.h"

namespace pixie::machines {
namespace {

constexpr std::string_view sections[] = {"menu", "profiles", "groups", "machines", "rules"};
constexpr std::string_view generated_sections[] = {"profiles"};

/// `there is no group 'wbe'; did you mean 'web'?`
template <class Entry>
std::string not_there(std::string_view kind, std::string_view name,
                      const std::map<std::string, Entry, std::less<>>& there,
                      const Mistakes& mistakes) {
  const auto keys = std::views::keys(there);
  const std::vector<std::string_view> names(keys.begin(), keys.end());
  return fmt::format("there is no {} '{}'{}", kind, name, mistakes.suggestion(name, names));
}

/// The parser quotes what it met as it is.
std::string on_one_line(std::string_view text) {
  std::string line(text);
  std::ranges::replace_if(
      line, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
  return line;
}

struct Parsed {
  TomlFile file;
  toml::table table;
  bool generated = false;
};

class Loader {
 public:
  explicit Loader(Draft& draft) : draft_(draft) {}

  void load() {
    for (const auto& [name, why, script] : draft_.sources.unread) {
      if (!script)
        draft_.mistakes.add({.file = name, .text = fmt::format("{} {}", name, why), .excerpt = {}});
    }
    for (const auto& source : draft_.sources.settings) parse(source, sections, false);
    for (const auto& source : draft_.sources.generated.settings)
      parse(source, generated_sections, true);
    read_texts(draft_.sources.texts);
    read_texts(draft_.sources.generated.texts);
    for (auto& parsed : parsed_) read_menu(parsed);
    each("profiles", [&](const toml::key& key, TableReader& reader, Place place) {
      load_profile(draft_, key, reader, std::move(place));
    });
    each("groups", [&](const toml::key& key, TableReader& reader, Place place) {
      read_group(key, reader, std::move(place));
    });
    each("machines", [&](const toml::key& key, TableReader& reader, Place place) {
      read_machine(key, reader, std::move(place));
    });
    for (auto& parsed : parsed_) read_rules(parsed);
    check_names(draft_);
  }

 private:
  void parse(const SourceFile& source, std::span<const std::string_view> known, bool generated) {
    TomlFile file(source);
    try {
      auto table = toml::parse(std::string_view(source.content), std::string_view(source.name));
      TableReader(table, file, draft_.mistakes).expect_keys("a file of settings", known);
      parsed_.push_back({std::move(file), std::move(table), generated});
    } catch (const toml::parse_error& error) {
      draft_.mistakes.add(file, error.source().begin, on_one_line(error.description()));
      parsed_.push_back({std::move(file), {}, generated});
    }
  }

  /// A text that is there already stays.
  void read_texts(const std::vector<SourceFile>& sources) {
    constexpr std::string_view folder = "templates/";
    for (const auto& source : sources) {
      if (!source.name.starts_with(folder)) continue;
      auto text = script::Template::parse(source.content, source.name);
      if (text) {
        draft_.content.texts.emplace(source.name.substr(folder.size()), std::move(*text));
      } else {
        draft_.mistakes.add(std::move(text.error()));
      }
    }
  }

  /// Calls `read` for each table in the table `section` of each file.
  template <class Read>
  void each(std::string_view section, Read read) {
    for (auto& [file, table, generated] : parsed_) {
      TableReader whole(table, file, draft_.mistakes);
      const auto* entries = whole.table(section);
      if (!entries) continue;
      for (const auto& [key, node] : *entries) {
        if (generated && draft_.content.profiles.contains(key.str())) continue;
        const auto* entry = node.as_table();
        if (!entry) {
          whole.mistake(node, fmt::format("'{}' is a table of its own: [{}.{}]", key.str(), section,
                                          key.str()));
          continue;
        }
        TableReader reader(*entry, file, draft_.mistakes);
        read(key, reader, file.place(key.source().begin));
      }
    }
  }

  void read_menu(Parsed& parsed) {
    constexpr std::string_view keys[] = {"title", "timeout"};
    constexpr std::uint32_t longest_seconds = 24 * 3600;
    const auto* table = TableReader(parsed.table, parsed.file, draft_.mistakes).table("menu");
    if (!table) return;
    TableReader reader(*table, parsed.file, draft_.mistakes);
    reader.expect_keys("[menu]", keys);
    auto& menu = draft_.content.menu;
    if (const auto title = reader.text("title")) {
      if (!menu.title.empty()) reader.mistake(*title->node, "another file gives the menu a title");
      menu.title = title->text;
    }
    if (const auto timeout = reader.number("timeout", longest_seconds)) {
      if (menu.timeout_seconds)
        reader.mistake(*reader.find("timeout"), "another file gives the menu a timeout");
      menu.timeout_seconds = timeout;
    }
  }

  void read_group(const toml::key& key, TableReader& reader, Place place) {
    constexpr std::string_view keys[] = {"profile", "vars"};
    reader.expect_keys("a group", keys);
    const std::string name(key.str());
    if (!is_name(name)) {
      reader.mistake(key, "a group's name has letters, digits, '.', '_' and '-' alone");
    }
    Group group{.name = name,
                .profile = draft_.profile_of(reader),
                .vars = draft_.vars_of(reader),
                .place = std::move(place)};
    const auto [there, added] = draft_.content.groups.emplace(name, std::move(group));
    if (!added) reader.mistake(key, written_twice("group", name, there->second.place));
  }

  void read_machine(const toml::key& key, TableReader& reader, Place place) {
    constexpr std::string_view keys[] = {"hostname", "groups", "profile", "vars"};
    reader.expect_keys("a machine", keys);
    const auto mac = wire::Mac::parse(key.str());
    if (!mac) {
      reader.mistake(key, fmt::format("a machine is named by its MAC address, such as "
                                      "\"52:54:00:12:34:56\", not '{}'",
                                      key.str()));
    }
    Machine machine{.hostname = {},
                    .profile = draft_.profile_of(reader),
                    .groups = {},
                    .vars = draft_.vars_of(reader),
                    .place = std::move(place)};
    if (auto hostname = reader.text("hostname")) machine.hostname = std::move(hostname->text);
    for (const auto& name : reader.texts("groups")) {
      if (const auto* group = draft_.group_of(reader, name)) machine.groups.push_back(group);
    }
    machine.groups.shrink_to_fit();
    if (!mac) return;
    const auto [there, added] = draft_.content.machines.emplace(*mac, std::move(machine));
    if (!added) reader.mistake(key, written_twice("machine", mac->colons(), there->second.place));
  }

  void read_rules(Parsed& parsed) {
    const auto* node = parsed.table.get("rules");
    if (!node) return;
    TableReader whole(parsed.table, parsed.file, draft_.mistakes);
    const auto* rules = node->as_array();
    if (!rules) {
      whole.mistake(*node, "rules are written as [[rules]], one for each");
      return;
    }
    for (const auto& element : *rules) {
      const auto* table = element.as_table();
      if (!table) {
        whole.mistake(element, "rules are written as [[rules]], one for each");
        continue;
      }
      TableReader reader(*table, parsed.file, draft_.mistakes);
      load_rule(draft_, reader, parsed.file.place(element.source().begin));
    }
  }

  Draft& draft_;
  std::deque<Parsed> parsed_;
};

}  // namespace

std::string written_twice(std::string_view kind, std::string_view name, const Place& place) {
  return fmt::format("the {} '{}' is written twice; it stands in {}:{} already", kind, name,
                     place.file, place.line);
}

std::string Draft::profile_of(TableReader& reader) {
  const auto name = reader.text("profile");
  if (!name || content.profiles.contains(name->text)) return name ? name->text : "";
  reader.mistake(*name->node, not_there("profile", name->text, content.profiles, mistakes));
  return "";
}

const Group* Draft::group_of(TableReader& reader, const TableReader::Item& name) {
  const auto found = content.groups.find(name.text);
  if (found != content.groups.end()) return &found->second;
  reader.mistake(*name.node, not_there("group", name.text, content.groups, mistakes));
  return nullptr;
}

script::Table Draft::vars_of(TableReader& reader) {
  auto vars = reader.vars();
  for (const auto& [name, value] : vars) {
    if (!variables.contains(name)) variables.insert(name);
  }
  return vars;
}

std::expected<std::shared_ptr<const Fleet>, std::vector<wire::Diagnostic>> Fleet::load(
    const Sources& sources) {
  Draft draft{.sources = sources};
  Loader(draft).load();
  // The parsed tables of a large fleet took four times what is kept of them.
  malloc_trim(0);
  if (!draft.mistakes.empty())
    return std::unexpected(std::move(draft.mistakes).sorted(sources.settings));
  draft.content.index = RuleIndex(draft.content.rules);
  return std::shared_ptr<const Fleet>(
      new Fleet(std::make_shared<const FleetContent>(std::move(draft.content))));
}

}  // namespace pixie::machines
