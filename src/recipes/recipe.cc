#include "recipes/recipe.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "machines/names.h"
#include "machines/table_reader.h"
#include "script/template.h"
#include "wire/suggest.h"
#include "wire/toml.h"

namespace pixie::recipes {
namespace {

using machines::TableReader;
using Names = std::span<const std::string_view>;

constexpr std::array<std::string_view, 5> kinds{"iso", "img", "efi", "wim", "folder"};
constexpr std::array<std::string_view, 2> firmwares{"bios", "uefi"};
constexpr std::array<std::string_view, 4> targets{"kernel", "script", "sanboot", "chain"};
/// Filled in beside the facts.
constexpr std::array<std::string_view, 4> own_names{"image", "iso", "name", "texts"};
/// A variable of every profile: more words for the command line.
constexpr std::string_view arguments = "arguments";

constexpr std::array<std::string_view, 7> recipe_keys{"title", "rank", "match", "facts",
                                                      "vars",  "boot", "texts"};
constexpr std::array<std::string_view, 5> sign_keys{"kind", "volume", "el-torito", "files",
                                                    "lines"};
constexpr std::array<std::string_view, 17> boot_keys{
    "name",   "title",  "firmware", "arch",   "kind",    "volume", "el-torito", "files", "lines",
    "kernel", "initrd", "cmdline",  "script", "sanboot", "chain",  "needs",     "remark"};
constexpr std::array<std::string_view, 3> initrd_keys{"url", "name", "path"};
constexpr std::array<std::string_view, 4> text_keys{"name", "file", "set", "remove"};

class Parser {
 public:
  Parser(const machines::SourceFile& source, Recipe& recipe, machines::Mistakes& mistakes)
      : file_(source), recipe_(recipe), mistakes_(mistakes) {}

  void parse() {
    toml::table table;
    try {
      table = toml::parse(std::string_view(file_.content()), std::string_view(file_.name()));
    } catch (const toml::parse_error& error) {
      std::string what(error.description());
      std::ranges::replace_if(
          what, [](char c) { return static_cast<unsigned char>(c) < 0x20; }, '?');
      return mistakes_.add(file_, error.source().begin, std::move(what));
    }
    TableReader reader(table, file_, mistakes_);
    reader.expect_keys("a recipe", recipe_keys);
    for_each(reader, "match", [&](TableReader& one) { recipe_.match.push_back(only_signs(one)); });
    for_each(reader, "facts", [&](TableReader& one) { recipe_.facts.push_back(only_signs(one)); });
    recipe_.vars = reader.vars();
    if (recipe_.vars.contains(arguments))
      reader.mistake("every profile of an image has the variable 'arguments' already");
    if (const auto rank = reader.number("rank", 1000)) recipe_.rank = *rank;
    if (recipe_.match.empty())
      reader.mistake("a recipe needs a [[match]]: what such an image shows");
    for_each(reader, "texts", [&](TableReader& one) { recipe_.texts.push_back(text_of(one)); });
    for_each(reader, "boot", [&](TableReader& one) { recipe_.boots.push_back(boot_of(one)); });
    if (recipe_.boots.empty())
      reader.mistake("a recipe needs a [[boot]]: what boots such an image");
    recipe_.title = value(reader, "title");
    if (!reader.find("title")) reader.mistake("a recipe needs a title");
  }

 private:
  /// Calls `read` for each table of the list.
  template <class Read>
  void for_each(TableReader& reader, std::string_view key, Read read) {
    for (const auto* node : reader.elements(key)) {
      const auto* table = node->as_table();
      if (!table) {
        reader.mistake(*node, fmt::format("this is written as [[{}]], one for each", key));
        continue;
      }
      TableReader one(*table, file_, mistakes_);
      read(one);
    }
  }

  Signs only_signs(TableReader& reader) {
    reader.expect_keys("a match", sign_keys);
    auto signs = signs_of(reader);
    if (signs.empty()) reader.mistake("this holds for every image: say what it shows");
    return signs;
  }

  Signs signs_of(TableReader& reader) {
    Signs signs;
    signs.kinds = some_of(reader, "kind", kinds);
    for (const auto& item : reader.texts("volume")) {
      if (auto one = pattern(reader, item)) signs.volumes.push_back(std::move(*one));
    }
    signs.el_torito = some_of(reader, "el-torito", firmwares);
    for (const auto& item : reader.texts("files")) signs.files.push_back(path_of(reader, item));
    if (const auto* lines = reader.table("lines")) {
      TableReader table(*lines, file_, mistakes_);
      for (const auto& [key, node] : *lines) {
        for (const auto& item : table.texts(key.str())) {
          if (auto line = pattern(table, item))
            signs.lines.push_back({std::string(key.str()), std::move(*line)});
        }
      }
    }
    return signs;
  }

  std::vector<Pattern> path_of(TableReader& reader, const TableReader::Item& item) {
    std::vector<Pattern> parts;
    std::string_view rest = item.text;
    while (true) {
      const auto slash = rest.find('/');
      const auto part = rest.substr(0, slash);
      if (part.empty() || part == "." || part == "..")
        reader.mistake(*item.node, "a path in the image has no slash at its ends, and no ..");
      if (auto one = pattern(reader, {std::string(part), item.node}))
        parts.push_back(std::move(*one));
      if (slash == std::string_view::npos) return parts;
      rest.remove_prefix(slash + 1);
    }
  }

  std::optional<Pattern> pattern(TableReader& reader, const TableReader::Item& item) {
    auto parsed = Pattern::parse(item.text);
    if (!parsed) {
      reader.mistake(*item.node, parsed.error().text);
      return std::nullopt;
    }
    for (auto& name : parsed->names()) {
      const bool fixed = !machines::is_variable_name(name) || machines::contains(own_names, name) ||
                         name == arguments;
      if (fixed) reader.mistake(*item.node, fmt::format("'{}' has a meaning of its own", name));
      recipe_.fact_names.insert(std::move(name));
    }
    return std::move(*parsed);
  }

  static std::vector<std::string> some_of(TableReader& reader, std::string_view key, Names known) {
    std::vector<std::string> names;
    for (auto& item : reader.texts(key)) {
      if (!machines::contains(known, item.text))
        reader.mistake(*item.node,
                       fmt::format("'{}' is not one of {}{}", item.text, fmt::join(known, ", "),
                                   wire::suggestion(item.text, known)));
      names.push_back(std::move(item.text));
    }
    return names;
  }

  Boot boot_of(TableReader& reader) {
    reader.expect_keys("a boot", boot_keys);
    Boot boot;
    boot.signs = signs_of(reader);
    boot.name = plain(reader, "name");
    if (!boot.name.empty() && !machines::is_name(boot.name))
      reader.mistake(*reader.find("name"),
                     "this becomes a part of a profile's name: letters, digits, '.', '_' and '-'");
    boot.title = value(reader, "title");
    boot.fit = {.firmware = some_of(reader, "firmware", firmwares),
                .arch = some_of(reader, "arch", machines::arch_names())};
    boot.kernel = value(reader, "kernel");
    boot.initrds = initrds_of(reader);
    boot.cmdline = value(reader, "cmdline");
    boot.script = script_of(reader);
    boot.sanboot = value(reader, "sanboot");
    boot.chain = value(reader, "chain");
    for (auto& item : reader.texts("needs")) boot.needs.push_back(std::move(item.text));
    boot.remark = plain(reader, "remark");
    const auto given = std::ranges::count_if(targets, [&](auto key) { return reader.find(key); });
    if (given != 1)
      reader.mistake(fmt::format("a boot has exactly one of {}", fmt::join(targets, ", ")));
    return boot;
  }

  std::vector<Boot::Initrd> initrds_of(TableReader& reader) {
    std::vector<Boot::Initrd> initrds;
    for (const auto* node : reader.elements("initrd")) {
      if (const auto* table = node->as_table()) {
        TableReader one(*table, file_, mistakes_);
        one.expect_keys("an initrd", initrd_keys);
        if (!one.find("url")) one.mistake("an initrd needs a url");
        initrds.push_back({value(one, "url"), plain(one, "name"), plain(one, "path")});
      } else if (const auto item = reader.text(*node)) {
        initrds.push_back({checked(reader, *item)});
      }
    }
    return initrds;
  }

  /// The only text of several lines.
  std::string script_of(TableReader& reader) {
    const auto* node = reader.find("script");
    if (!node) return "";
    const auto* text = node->as_string();
    if (!text || !text->get().starts_with("#!ipxe\n")) {
      reader.mistake(*node, "a script is a text whose first line is #!ipxe");
      return "";
    }
    return checked(reader, {text->get(), node});
  }

  Text text_of(TableReader& reader) {
    reader.expect_keys("a text", text_keys);
    Text text{.name = plain(reader, "name"),
              .file = plain(reader, "file"),
              .set = pairs(reader, "set"),
              .remove = pairs(reader, "remove")};
    if (!machines::is_name(text.name)) reader.mistake("a text needs a name, as it stands in URLs");
    if (text.file.empty()) reader.mistake("a text needs a file of the image");
    return text;
  }

  std::map<std::string, std::string, std::less<>> pairs(TableReader& reader, std::string_view key) {
    std::map<std::string, std::string, std::less<>> pairs;
    const auto* table = reader.table(key);
    if (!table) return pairs;
    TableReader inner(*table, file_, mistakes_);
    for (const auto& [name, node] : *table) pairs.emplace(name.str(), value(inner, name.str()));
    return pairs;
  }

  static std::string plain(TableReader& reader, std::string_view key) {
    auto item = reader.text(key);
    return item ? std::move(item->text) : std::string();
  }
  /// A text that names may be filled in.
  std::string value(TableReader& reader, std::string_view key) {
    const auto item = reader.text(key);
    return item ? checked(reader, *item) : "";
  }

  std::string checked(TableReader& reader, const TableReader::Item& item) {
    const auto parsed = script::Template::parse(item.text, file_.name());
    if (!parsed) {
      reader.mistake(*item.node, parsed.error().text);
      return item.text;
    }
    for (const auto& [name, offset, optional] : parsed->names()) {
      if (optional || is_known(name.substr(0, name.find('.')))) continue;
      reader.mistake(*item.node,
                     fmt::format("nothing defines {{{{{}}}}}: no pattern of this recipe "
                                 "finds it, and it is not among its vars",
                                 name));
    }
    return item.text;
  }

  bool is_known(std::string_view name) const {
    return machines::contains(own_names, name) || name == arguments ||
           machines::contains(machines::fixed_names(), name) || recipe_.fact_names.contains(name) ||
           recipe_.vars.contains(name);
  }

  machines::TomlFile file_;
  Recipe& recipe_;
  machines::Mistakes& mistakes_;
};

/// `recipes/debian.toml` → `debian`.
std::string name_of(std::string_view file) {
  file.remove_prefix(file.rfind('/') + 1);
  return std::string(file.substr(0, file.rfind('.')));
}

}  // namespace

std::expected<Recipe, std::vector<wire::Diagnostic>> parse_recipe(
    const machines::SourceFile& source) {
  Recipe recipe;
  recipe.name = name_of(source.name);
  machines::Mistakes mistakes;
  Parser(source, recipe, mistakes).parse();
  if (!mistakes.empty()) return std::unexpected(std::move(mistakes).sorted({}));
  return recipe;
}

}  // namespace pixie::recipes
