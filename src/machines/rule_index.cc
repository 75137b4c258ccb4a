#include "machines/rule_index.h"

#include <algorithm>
#include <span>

#include "machines/pattern.h"

namespace pixie::machines {
namespace {

bool in_networks(std::string_view text, const std::vector<wire::Network>& networks) {
  const auto address = wire::IpAddress::parse(text);
  return address && std::ranges::any_of(
                        networks, [&](const auto& network) { return network.contains(*address); });
}

}  // namespace

std::string_view compared_text(Fact fact, const Identity& identity, const Machine* machine) {
  if (fact == Fact::hostname && machine && !machine->hostname.empty()) return machine->hostname;
  return identity[fact];
}

bool in_group(const Machine* machine, const std::vector<std::string>& names) {
  return machine && std::ranges::any_of(machine->groups, [&](const Group* group) {
           return std::ranges::find(names, group->name) != names.end();
         });
}

RuleIndex::RuleIndex(const std::vector<Rule>& rules) {
  for (const auto& rule : rules) {
    const auto number = static_cast<Number>(rules_.size());
    auto& tests = rules_.emplace_back();
    for (const auto& condition : rule.conditions) {
      auto& test = tests.emplace_back(condition.fact, condition.patterns, condition.networks);
      if (!test.fact) continue;
      for (auto& pattern : test.patterns) pattern = lower(pattern);
    }
    if (!add_exact(tests, number)) others_.push_back(number);
  }
}

bool RuleIndex::add_exact(const Tests& tests, Number number) {
  for (std::size_t i = 0; i < exact_facts.size(); ++i) {
    for (const auto& test : tests) {
      if (test.fact != exact_facts[i] || std::ranges::any_of(test.patterns, is_glob)) continue;
      for (const auto& pattern : test.patterns) {
        auto& numbers = exact_[i][pattern];
        if (numbers.empty() || numbers.back() != number) numbers.push_back(number);
      }
      return true;
    }
  }
  return false;
}

bool RuleIndex::holds(const Tests& tests, const Identity& identity, const Machine* machine) const {
  return std::ranges::all_of(tests, [&](const Test& test) {
    if (!test.fact) return in_group(machine, test.patterns);
    const auto text = compared_text(*test.fact, identity, machine);
    if (text.empty()) return false;
    if (!test.networks.empty()) return in_networks(text, test.networks);
    return std::ranges::any_of(
        test.patterns, [&](const std::string& pattern) { return glob_matches(pattern, text); });
  });
}

std::optional<std::size_t> RuleIndex::match(const Identity& identity,
                                            const Machine* machine) const {
  std::array<std::span<const Number>, exact_facts.size() + 1> candidates{};
  candidates.back() = others_;
  for (std::size_t i = 0; i < exact_facts.size(); ++i) {
    const auto found = exact_[i].find(lower(identity[exact_facts[i]]));
    if (found != exact_[i].end()) candidates[i] = found->second;
  }
  for (;;) {
    std::span<const Number>* first = nullptr;
    for (auto& numbers : candidates) {
      if (!numbers.empty() && (!first || numbers.front() < first->front())) first = &numbers;
    }
    if (!first) return std::nullopt;
    const auto number = first->front();
    if (holds(rules_[number], identity, machine)) return number;
    *first = first->subspan(1);
  }
}

}  // namespace pixie::machines
