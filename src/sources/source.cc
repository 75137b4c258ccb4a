#include "sources/source.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "wire/suggest.h"
#include "wire/toml.h"

extern "C" const char pixie_distributions[];
extern "C" const std::uint64_t pixie_distributions_size;

namespace pixie::sources {
namespace {

std::string text_in(const toml::table& table, std::string_view key) {
  return table[key].value_or(std::string());
}

std::map<std::string, std::string> texts_in(const toml::table& table, std::string_view key) {
  std::map<std::string, std::string> texts;
  if (const auto* found = table[key].as_table()) {
    for (const auto& [name, value] : *found)
      texts.emplace(name.str(), value.value_or(std::string()));
  }
  return texts;
}

Source source_in(std::string_view name, const toml::table& table) {
  Source source{.name = std::string(name),
                .title = text_in(table, "title"),
                .versions = texts_in(table, "versions"),
                .arches = texts_in(table, "arches"),
                .apt = table["apt"].value_or(false),
                .folder = text_in(table, "folder"),
                .kernel = text_in(table, "kernel"),
                .initrd = text_in(table, "initrd"),
                .cmdline = text_in(table, "cmdline"),
                .iso = text_in(table, "iso"),
                .unlisted = table["unlisted"].value_or(false),
                .witnesses = {}};
  if (const auto* witnesses = table["witness"].as_array()) {
    for (const auto& node : *witnesses) {
      const auto* witness = node.as_table();
      if (!witness) continue;
      source.witnesses.push_back({text_in(*witness, "file"), text_in(*witness, "names"),
                                  text_in(*witness, "signature"), text_in(*witness, "keyring")});
    }
  }
  return source;
}

template <class Map>
std::string names_of(const Map& map) {
  std::string names;
  for (const auto& [name, value] : map) names += (names.empty() ? "" : ", ") + name;
  return names;
}

bool is_version(std::string_view text) {
  return !text.empty() && text.size() <= 16 &&
         std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || c == '.'; }) &&
         text.front() != '.' && !text.contains("..");
}

/// The code name of the version; a code name stands for its version.
Expected<std::string> code_name(const Source& source, std::string& version) {
  if (source.versions.empty()) {
    if (is_version(version)) return "";
    return fail(fmt::format("'{}' is no version of {}", version, source.name));
  }
  const auto found = std::ranges::find_if(source.versions, [&](const auto& known) {
    return known.first == version || known.second == version;
  });
  if (found == source.versions.end()) {
    return fail(fmt::format("there is no {} {} here; there are {}", source.name, version,
                            names_of(source.versions)));
  }
  version = found->first;
  return found->second;
}

}  // namespace

std::string_view embedded_sources() { return {pixie_distributions, pixie_distributions_size}; }

Expected<std::vector<Source>> parse_sources(std::string_view text) {
  toml::table table;
  try {
    table = toml::parse(text);
  } catch (const toml::parse_error& error) {
    return fail(fmt::format("the file of distributions, line {}: {}", error.source().begin.line,
                            error.description()));
  }
  std::vector<Source> sources;
  for (const auto& [name, node] : table) {
    if (const auto* source = node.as_table()) sources.push_back(source_in(name.str(), *source));
  }
  return sources;
}

std::string with(std::string text, std::string_view name, std::string_view value) {
  const auto mark = fmt::format("{{{{{}}}}}", name);
  for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark, at + value.size()))
    text.replace(at, mark.size(), value);
  return text;
}

Expected<Source> choose_source(const std::vector<Source>& sources, std::string_view request,
                               std::string_view arch) {
  const auto name = request.substr(0, request.find('/'));
  std::string version(request.substr(std::min(name.size() + 1, request.size())));
  const auto found = std::ranges::find(sources, name, &Source::name);
  if (found == sources.end()) {
    std::vector<std::string_view> names;
    names.reserve(sources.size());
    for (const auto& source : sources) names.emplace_back(source.name);
    return fail(
        fmt::format("there is no distribution '{}' here{}", name, wire::suggestion(name, names)));
  }
  const auto codename = code_name(*found, version);
  if (!codename) return std::unexpected(codename.error());
  const auto their_arch = found->arches.find(std::string(arch));
  if (their_arch == found->arches.end()) {
    return fail(
        fmt::format("{} is here for {}, not for '{}'", name, names_of(found->arches), arch));
  }
  Source chosen = *found;
  const auto fill = [&](std::string& text) {
    text = with(std::move(text), "version", version);
    text = with(std::move(text), "codename", *codename);
    text = with(std::move(text), "arch", their_arch->second);
  };
  for (auto* text : {&chosen.title, &chosen.folder, &chosen.kernel, &chosen.initrd, &chosen.cmdline,
                     &chosen.iso})
    fill(*text);
  for (auto& witness : chosen.witnesses) {
    for (auto* text : {&witness.file, &witness.names, &witness.signature}) fill(*text);
  }
  const bool usual = arch == "x86_64";
  chosen.name = fmt::format("{}-{}{}", name, version, usual ? "" : fmt::format("-{}", arch));
  return chosen;
}

}  // namespace pixie::sources
