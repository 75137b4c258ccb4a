// What templates may ask for.
#include <algorithm>
#include <string>
#include <utility>

#include "machines/decide.h"

namespace pixie::machines {
namespace {

script::Value owned(std::string_view text) { return {.content = std::string(text)}; }

std::string template_name(Fact fact) {
  std::string name(fact_name(fact));
  std::ranges::replace(name, '-', '_');
  return name;
}

script::List group_names(const Machine* machine) {
  script::List names;
  if (!machine) return names;
  for (const auto* group : machine->groups) names.push_back(owned(group->name));
  return names;
}

script::Table facts_of(const Identity& identity, const Decision& decision, const Here& here) {
  script::Table facts;
  for (std::size_t i = 0; i < fact_count; ++i) {
    const auto fact = static_cast<Fact>(i);
    auto& value = facts[template_name(fact)];
    value = owned(identity[fact]);
    value.claimed = identity.source(fact) == Source::claimed;
  }
  const auto* machine = decision.machine;
  if (machine && !machine->hostname.empty()) facts["hostname"] = owned(machine->hostname);
  const auto mac = identity.mac();
  facts["mac_hyphens"] = owned(mac ? mac->hyphens() : "");
  facts["server"] = owned(here.server);
  facts["host"] = owned(here.host);
  facts["callback"] = owned(here.callback);
  facts["profile"] = owned(decision.profile ? std::string_view(decision.profile->name) : "");
  facts["groups"] = {.content = group_names(machine)};
  return facts;
}

script::Scope scope_of(const script::Table& facts, const Decision& decision,
                       const Assignment* assignment) {
  std::vector<const script::Table*> tables{&facts};
  if (assignment) tables.push_back(&assignment->vars);
  if (decision.machine) {
    tables.push_back(&decision.machine->vars);
    for (const auto* group : decision.machine->groups) tables.push_back(&group->vars);
  }
  if (decision.rule) tables.push_back(&decision.rule->vars);
  if (decision.profile) tables.push_back(&decision.profile->vars);
  return script::Scope(std::move(tables));
}

}  // namespace

Variables::Variables(const Identity& identity, const Decision& decision,
                     const Assignment* assignment, const Here& here)
    : facts_(facts_of(identity, decision, here)), scope_(scope_of(facts_, decision, assignment)) {}

}  // namespace pixie::machines
