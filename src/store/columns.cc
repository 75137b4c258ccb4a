#include "store/columns.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <utility>
#include <variant>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace pixie::store {
namespace {

using Json = nlohmann::json;
using std::chrono::nanoseconds;

struct FactLine {
  std::string_view name;
  std::string_view source;
  std::string_view text;
};

/// Takes the first line off `column`.
FactLine next_line(std::string_view& column) {
  const auto until = [](std::string_view& rest, char mark) {
    const auto part = rest.substr(0, rest.find(mark));
    rest.remove_prefix(std::min(rest.size(), part.size() + 1));
    return part;
  };
  auto line = until(column, '\n');
  FactLine fact;
  fact.name = until(line, ' ');
  fact.source = until(line, ' ');
  fact.text = line;
  return fact;
}

std::optional<machines::Source> source_named(std::string_view name) {
  using enum machines::Source;
  for (const auto source : {claimed, observed, configured}) {
    if (machines::source_name(source) == name) return source;
  }
  return std::nullopt;
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

Json to_json(const script::Value& value);

Json to_json(const script::Table& table) {
  auto object = Json::object();
  for (const auto& [name, value] : table) object.emplace(name, to_json(value));
  return object;
}

Json to_json(const script::List& list) {
  auto array = Json::array();
  for (const auto& value : list) array.push_back(to_json(value));
  return array;
}

template <class Scalar>
Json to_json(const Scalar& scalar) {
  return scalar;
}

Json to_json(const script::Value& value) {
  return std::visit([](const auto& content) { return to_json(content); }, value.content);
}

script::Value from_json(const Json& json) {
  switch (json.type()) {
    case Json::value_t::boolean:
      return {json.get<bool>()};
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned:
      return {json.get<std::int64_t>()};
    case Json::value_t::number_float:
      return {json.get<double>()};
    case Json::value_t::array: {
      script::List list;
      for (const auto& item : json) list.push_back(from_json(item));
      return {std::move(list)};
    }
    case Json::value_t::object: {
      script::Table table;
      for (const auto& [name, item] : json.items()) table.emplace(name, from_json(item));
      return {std::move(table)};
    }
    case Json::value_t::string:
      return {json.get<std::string>()};
    default:
      return {std::string()};
  }
}

/// Text that is no UTF-8 is written with U+FFFD in place of what is wrong.
std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::optional<events::BootStep> step_of(const Json& item) {
  if (!item.is_array() || item.size() != 5 || !item[0].is_number_integer() ||
      !item[1].is_string() || !item[2].is_string() || !item[3].is_number_integer() ||
      !item[4].is_number()) {
    return std::nullopt;
  }
  events::BootStep step;
  step.at = events::Time(nanoseconds(item[0].get<std::int64_t>()));
  step.event = item[1].get<std::string>();
  step.text = item[2].get<std::string>();
  step.bytes = item[3].get<std::uint64_t>();
  step.seconds = item[4].get<double>();
  return step;
}

}  // namespace

std::string facts_column(const machines::Identity& identity) {
  std::string column;
  for (std::size_t i = 0; i < machines::fact_count; ++i) {
    const auto fact = static_cast<machines::Fact>(i);
    if (!identity.knows(fact)) continue;
    fmt::format_to(std::back_inserter(column), "{} {} {}\n", machines::fact_name(fact),
                   machines::source_name(identity.source(fact)), identity[fact]);
  }
  return column;
}

machines::Identity read_facts(std::string_view column) {
  machines::Identity identity;
  while (!column.empty()) {
    const auto line = next_line(column);
    const auto fact = machines::fact_named(line.name);
    const auto source = source_named(line.source);
    if (fact && source) identity.learn(*fact, line.text, *source);
  }
  return identity;
}

bool facts_contain(std::string_view column, std::string_view text) {
  while (!column.empty()) {
    const auto fact = next_line(column).text;
    if (!std::ranges::search(fact, text, {}, lower).empty()) return true;
  }
  return false;
}

std::string vars_column(const script::Table& vars) { return dump(to_json(vars)); }

Expected<script::Table> read_vars(std::string_view column) {
  const auto json = Json::parse(column, nullptr, false);
  if (!json.is_object()) return fail("a machine's variables are no JSON object");
  return std::get<script::Table>(from_json(json).content);
}

std::string steps_column(const std::vector<events::BootStep>& steps) {
  auto list = Json::array();
  for (const auto& step : steps) {
    list.push_back(Json::array({nanoseconds(step.at.time_since_epoch()).count(), step.event,
                                step.text, step.bytes, step.seconds}));
  }
  return dump(list);
}

Expected<std::vector<events::BootStep>> read_steps(std::string_view column) {
  const auto json = Json::parse(column, nullptr, false);
  if (!json.is_array()) return fail("a boot's steps are no JSON list");
  std::vector<events::BootStep> steps;
  for (const auto& item : json) {
    auto step = step_of(item);
    if (!step) return fail("a boot's step is not as it should be");
    steps.push_back(std::move(*step));
  }
  return steps;
}

}  // namespace pixie::store
