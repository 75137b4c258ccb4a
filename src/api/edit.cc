#include "api/edit.h"

#include <cstdint>
#include <limits>
#include <set>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "api/json.h"
#include "machines/names.h"

namespace pixie::api {
namespace {

constexpr int deepest = 16;

/// Watches a parser for what it takes without a word.
struct Watch {
  bool too_deep = false;
  std::string twice;

  bool operator()(int depth, Json::parse_event_t event, const Json& parsed) {
    if (depth > deepest) too_deep = true;
    if (event == Json::parse_event_t::object_start) objects.emplace_back();
    if (event == Json::parse_event_t::object_end) objects.pop_back();
    if (event == Json::parse_event_t::key) {
      const auto& name = parsed.get_ref<const std::string&>();
      if (!objects.back().insert(name).second) twice = name;
    }
    return true;
  }

  std::vector<std::set<std::string>> objects = {};
};

std::expected<Json, Answer> parse_json(std::string_view body) {
  Watch watch;
  auto json = Json::parse(
      body,
      [&watch](int depth, Json::parse_event_t event, Json& parsed) {
        return watch(depth, event, parsed);
      },
      false);
  if (json.is_discarded()) return refuse(400, "The body is no JSON.");
  if (watch.too_deep)
    return refuse(400, fmt::format("The JSON is nested more than {} deep.", deepest));
  if (!watch.twice.empty())
    return refuse(400, fmt::format("{}: the member is there twice.", watch.twice));
  return json;
}

std::string_view type_of(const Json& json) {
  if (json.is_number()) return "a number";
  if (json.is_boolean()) return "true or false";
  if (json.is_array()) return "a list";
  if (json.is_object()) return "an object";
  return json.is_null() ? "null" : "a text";
}

std::unexpected<Answer> wrong_type(std::string_view member, std::string_view expected,
                                   const Json& json) {
  return refuse(422, fmt::format("{}: {} expected, not {}.", member, expected, type_of(json)));
}

std::expected<std::string, Answer> text_or_null(std::string_view member, const Json& json) {
  if (json.is_null()) return std::string();
  if (!json.is_string()) return wrong_type(member, "text or null", json);
  return json.get<std::string>();
}

std::expected<script::Value, Answer> value_of(const std::string& member, const Json& json);

std::expected<script::Table, Answer> table_of(const std::string& member, const Json& json) {
  script::Table table;
  for (const auto& [name, element] : json.items()) {
    auto value = value_of(fmt::format("{}.{}", member, name), element);
    if (!value) return std::unexpected(std::move(value.error()));
    table.emplace(name, std::move(*value));
  }
  return table;
}

std::expected<script::Value, Answer> list_of(const std::string& member, const Json& json) {
  script::List list;
  for (const auto& element : json) {
    auto value = value_of(fmt::format("{}[{}]", member, list.size()), element);
    if (!value) return value;
    list.push_back(std::move(*value));
  }
  return script::Value{std::move(list)};
}

std::expected<script::Value, Answer> value_of(const std::string& member, const Json& json) {
  if (json.is_string()) return script::Value{json.get<std::string>()};
  if (json.is_boolean()) return script::Value{json.get<bool>()};
  if (json.is_number_float()) return script::Value{json.get<double>()};
  if (json.is_number_unsigned() &&
      json.get<std::uint64_t>() > std::uint64_t{std::numeric_limits<std::int64_t>::max()})
    return refuse(422, fmt::format("{}: the number is too large.", member));
  if (json.is_number_integer()) return script::Value{json.get<std::int64_t>()};
  if (json.is_array()) return list_of(member, json);
  if (!json.is_object()) return wrong_type(member, "a text, number, list or object", json);
  auto table = table_of(member, json);
  if (!table) return std::unexpected(std::move(table.error()));
  return script::Value{std::move(*table)};
}

std::expected<script::Table, Answer> vars_of(const Json& json) {
  if (json.is_null()) return script::Table();
  if (!json.is_object()) return wrong_type("vars", "an object or null", json);
  for (const auto& [name, value] : json.items()) {
    if (!machines::is_variable_name(name)) {
      return refuse(422,
                    fmt::format("vars.{}: no variable can have this name: letters, digits, _ and "
                                "- make one, a letter or _ first, and it may not be pixie's "
                                "own, such as mac or server.",
                                name));
    }
  }
  return table_of("vars", json);
}

/// Puts the member where it belongs.
std::expected<void, Answer> take(Edit& edit, const std::string& member, const Json& value) {
  if (member == "vars") {
    auto vars = vars_of(value);
    if (!vars) return std::unexpected(std::move(vars.error()));
    edit.vars = std::move(*vars);
    return {};
  }
  if (member != "profile" && member != "once")
    return refuse(422,
                  fmt::format("{}: no such member; there are profile, once and vars.", member));
  auto text = text_or_null(member, value);
  if (!text) return std::unexpected(std::move(text.error()));
  (member == "profile" ? edit.profile : edit.once) = std::move(*text);
  return {};
}

}  // namespace

void Edit::apply(machines::Assignment& assignment) const {
  if (profile) assignment.profile = *profile;
  if (once) assignment.once = *once;
  if (vars) assignment.vars = *vars;
}

std::expected<Edit, Answer> parse_edit(std::string_view body) {
  const auto json = parse_json(body);
  if (!json) return std::unexpected(json.error());
  if (!json->is_object()) return wrong_type("The body", "an object", *json);
  Edit edit;
  for (const auto& [member, value] : json->items()) {
    if (const auto taken = take(edit, member, value); !taken) return std::unexpected(taken.error());
  }
  return edit;
}

}  // namespace pixie::api
