// What is in a fleet.
#pragma once

#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "machines/fleet.h"
#include "machines/rule_index.h"

namespace pixie::machines {

struct FleetContent {
  std::vector<Rule> rules;
  std::map<std::string, Profile, std::less<>> profiles;
  std::map<std::string, Group, std::less<>> groups;
  std::unordered_map<wire::Mac, Machine> machines;
  Menu menu;
  /// By their names below templates/.
  std::map<std::string, script::Template, std::less<>> texts;
  RuleIndex index;
  /// As they are written.
  std::map<std::string, std::string, std::less<>> pins;
};

}  // namespace pixie::machines
