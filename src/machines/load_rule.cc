// Rules: conditions on facts, and the profile that they lead to.
#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "machines/draft.h"
#include "machines/names.h"
#include "machines/pattern.h"
#include "wire/error.h"
#include "wire/suggest.h"

namespace pixie::machines {
namespace {

constexpr std::string_view rule_keys[] = {
    "name",         "mac",     "oui",     "uuid",       "serial",    "asset",
    "manufacturer", "product", "arch",    "firmware",   "ip",        "subnet",
    "interface",    "vlan",    "relay",   "circuit-id", "remote-id", "hostname",
    "user-class",   "group",   "profile", "vars"};
constexpr std::string_view other_keys[] = {"name", "profile", "vars"};

/// What a pattern becomes, or what is wrong with it.
using Read = Expected<std::string>;

Read read_mac(std::string_view text) {
  if (const auto mac = wire::Mac::parse(text)) return mac->colons();
  auto pattern = lower(text);
  std::ranges::replace(pattern, '-', ':');
  const bool sound = pattern.find_first_not_of("0123456789abcdef:*?") == std::string::npos;
  if (sound && is_glob(pattern)) return pattern;
  return fail(fmt::format("'{}' is no MAC address, such as 52:54:00:12:34:56 or 52:54:00:*", text));
}

Read read_oui(std::string_view text) {
  const auto mac = wire::Mac::parse(fmt::format("{}{}", text, text));
  const auto spaced = wire::Mac::parse(text.size() == 8 ? fmt::format("{}{}{}", text, text[2], text)
                                                        : std::string());
  if (mac || spaced) return fmt::format("{}:*", (mac ? mac : spaced)->colons().substr(0, 8));
  return fail(fmt::format("'{}' is not the first half of a MAC address, such as 52:54:00", text));
}

Read read_network(std::string_view text) {
  if (wire::Network::parse(text)) return std::string(text);
  return fail(fmt::format("'{}' is no address or network, such as 10.1.0.0/24", text));
}

Read read_one_of(std::span<const std::string_view> known, std::string_view text) {
  const auto wanted = lower(text);
  if (is_glob(text) || contains(known, std::string_view(wanted))) return std::string(text);
  return fail(fmt::format("'{}' is not one of {}{}", text, fmt::join(known, ", "),
                          wire::suggestion(wanted, known)));
}

Read read_pattern(std::string_view key, const std::string& text) {
  if (key == "mac") return read_mac(text);
  if (key == "oui") return read_oui(text);
  if (key == "ip" || key == "subnet" || key == "relay") return read_network(text);
  if (key == "arch") return read_one_of(arch_names(), text);
  if (key == "firmware") return read_one_of(firmware_names(), text);
  return text;
}

/// Nothing: a group.
std::optional<Fact> fact_of(std::string_view key) {
  if (key == "oui") return Fact::mac;
  if (key == "subnet") return Fact::ip;
  return fact_named(key);
}

Condition read_condition(Draft& draft, TableReader& reader, std::string_view key) {
  Condition condition{.fact = fact_of(key), .patterns = {}, .networks = {}};
  for (const auto& item : reader.texts(key, true)) {
    if (!condition.fact) draft.group_of(reader, item);
    auto pattern = read_pattern(key, item.text);
    if (!pattern) {
      reader.mistake(*item.node, pattern.error().text);
      continue;
    }
    if (condition.fact == Fact::ip || condition.fact == Fact::relay)
      condition.networks.push_back(*wire::Network::parse(*pattern));
    condition.patterns.push_back(std::move(*pattern));
  }
  return condition;
}

/// The keys that are conditions, in the order in which they are written.
std::vector<std::string_view> condition_keys(const TableReader& reader) {
  std::vector<std::string_view> keys;
  std::ranges::copy_if(rule_keys, std::back_inserter(keys), [&](std::string_view key) {
    return reader.find(key) && !contains(other_keys, key);
  });
  std::ranges::sort(keys, {}, [&](std::string_view key) {
    const auto at = reader.find(key)->source().begin;
    return std::pair(at.line, at.column);
  });
  return keys;
}

}  // namespace

void load_rule(Draft& draft, TableReader& reader, Place place) {
  reader.expect_keys("a rule", rule_keys);
  auto& rules = draft.content.rules;
  const auto name = reader.text("name");
  Rule rule{.name = name ? name->text : fmt::format("rule {}", rules.size() + 1),
            .conditions = {},
            .profile = draft.profile_of(reader),
            .vars = draft.vars_of(reader),
            .place = std::move(place)};
  for (const auto key : condition_keys(reader))
    rule.conditions.push_back(read_condition(draft, reader, key));
  if (!reader.find("profile")) reader.mistake("a rule says what to boot: it needs a profile");
  if (name) {
    const auto [there, added] = draft.rule_places.emplace(name->text, rule.place);
    if (!added) reader.mistake(*name->node, written_twice("rule", name->text, there->second));
  }
  rules.push_back(std::move(rule));
}

}  // namespace pixie::machines
