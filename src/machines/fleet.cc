#include "machines/fleet.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "machines/content.h"
#include "machines/pattern.h"

namespace pixie::machines {
namespace {

template <class Map, class Key>
auto find_in(const Map& map, const Key& key) -> const typename Map::mapped_type* {
  const auto found = map.find(key);
  return found == map.end() ? nullptr : &found->second;
}

bool holds(const Condition& condition, std::string_view text) {
  if (condition.networks.empty()) {
    return std::ranges::any_of(condition.patterns, [&](const std::string& pattern) {
      return glob_matches(lower(pattern), text);
    });
  }
  const auto address = wire::IpAddress::parse(text);
  return address && std::ranges::any_of(condition.networks, [&](const wire::Network& network) {
           return network.contains(*address);
         });
}

/// Why the condition does not hold; empty if it does.
std::string why_not(const Condition& condition, const Identity& identity, const Machine* machine) {
  const auto wanted = fmt::format("{}", fmt::join(condition.patterns, " or "));
  if (!condition.fact) {
    return in_group(machine, condition.patterns) ? ""
                                                 : fmt::format("it is not in group {}", wanted);
  }
  const auto name = fact_name(*condition.fact);
  const auto text = compared_text(*condition.fact, identity, machine);
  if (text.empty()) return fmt::format("{} is not known", name);
  return holds(condition, text) ? "" : fmt::format("{} is {}, not {}", name, text, wanted);
}

}  // namespace

Fleet::Fleet() : content_(std::make_shared<const FleetContent>()) {}

const std::vector<Rule>& Fleet::rules() const { return content_->rules; }
const std::map<std::string, Profile, std::less<>>& Fleet::profiles() const {
  return content_->profiles;
}
const std::map<std::string, Group, std::less<>>& Fleet::groups() const { return content_->groups; }
const std::unordered_map<wire::Mac, Machine>& Fleet::machines() const { return content_->machines; }
const Menu& Fleet::menu() const { return content_->menu; }
const std::map<std::string, std::string, std::less<>>& Fleet::pins() const {
  return content_->pins;
}

const Profile* Fleet::profile(std::string_view name) const {
  return find_in(content_->profiles, name);
}

const Machine* Fleet::machine(const wire::Mac& mac) const {
  return find_in(content_->machines, mac);
}

const script::Template* Fleet::text(std::string_view name) const {
  return find_in(content_->texts, name);
}

std::vector<std::string_view> Fleet::text_names() const {
  std::vector<std::string_view> names;
  for (const auto& [name, text] : content_->texts) names.push_back(name);
  return names;
}

const Machine* Fleet::machine_of(const Identity& identity) const {
  const auto mac = identity.mac();
  return mac ? machine(*mac) : nullptr;
}

const Rule* Fleet::match(const Identity& identity) const {
  const auto number = content_->index.match(identity, machine_of(identity));
  return number ? &content_->rules[*number] : nullptr;
}

Verdict examine(const Fleet& fleet, const Rule& rule, const Identity& identity) {
  const auto* machine = fleet.machine_of(identity);
  for (const auto& condition : rule.conditions) {
    auto reason = why_not(condition, identity, machine);
    if (!reason.empty()) return {.matches = false, .reason = std::move(reason)};
  }
  return {.matches = true, .reason = {}};
}

}  // namespace pixie::machines
