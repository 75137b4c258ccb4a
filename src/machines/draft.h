// A fleet while it is loaded: first what others refer to (profiles, groups), then machines and rules, then the names in
// templates, for which every variable must be known.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "machines/content.h"
#include "machines/mistakes.h"
#include "machines/table_reader.h"
#include "wire/toml.h"

namespace pixie::machines {

struct Draft {
  const Sources& sources;
  FleetContent content{};
  Mistakes mistakes{};
  /// Every variable that is defined anywhere.
  std::set<std::string, std::less<>> variables{};
  std::map<std::string, Place, std::less<>> rule_places{};
  /// The scripts that profiles name.
  std::map<std::string, script::Template, std::less<>> scripts{};

  /// The profile under `profile`; empty if there is no such key, or no such profile.
  std::string profile_of(TableReader& reader);
  /// The group, or null if it is not there.
  const Group* group_of(TableReader& reader, const TableReader::Item& name);
  script::Table vars_of(TableReader& reader);
};

void load_profile(Draft& draft, const toml::key& key, TableReader& reader, Place place);
/// The profile's table `sha256`.
void load_pins(Draft& draft, TableReader& reader);
void load_rule(Draft& draft, TableReader& reader, Place place);
/// The sentence for a name that stands in `place` already.
std::string written_twice(std::string_view kind, std::string_view name, const Place& place);
/// Finds templates that ask for names which nothing defines.
void check_names(Draft& draft);

}  // namespace pixie::machines
