// The configuration file: TOML whose keys are the settings' names.
#include <algorithm>
#include <sstream>

#include <fmt/format.h>

#include "app/dhcp_settings.h"
#include "app/settings.h"
#include "app/settings_table.h"
#include "wire/toml.h"

namespace pixie::app {
namespace {

std::string place(const std::string& file, const toml::source_region& region) {
  return fmt::format("{}:{}:{}", file, region.begin.line, region.begin.column);
}

std::optional<std::string> scalar(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return fmt::to_string(number->get());
  if (const auto* flag = node.as_boolean()) return flag->get() ? "true" : "false";
  return std::nullopt;
}

/// A scalar, or an array of them joined with commas.
std::optional<std::string> text_of(const toml::node& node) {
  const auto* array = node.as_array();
  if (!array) return scalar(node);
  std::string joined;
  for (const auto& element : *array) {
    const auto text = scalar(element);
    if (!text) return std::nullopt;
    joined += (joined.empty() ? "" : ",") + *text;
  }
  return joined;
}

/// `[[reservation]]` tables as the text of the setting `dhcp-reservations`.
Expected<std::string> reservations_of(const toml::node& node, const std::string& file) {
  const auto* tables = node.as_array();
  const auto fault = [&](const toml::node& at) {
    return fail(fmt::format(
        "{}: a [[reservation]] has a mac and an address, and may have a hostname, all texts",
        place(file, at.source())));
  };
  if (!tables) return fault(node);
  std::string joined;
  for (const auto& element : *tables) {
    const auto* table = element.as_table();
    if (!table) return fault(element);
    const auto mac = table->get_as<std::string>("mac");
    const auto address = table->get_as<std::string>("address");
    const auto host_name = table->get_as<std::string>("hostname");
    if (!mac || !address || table->size() != (host_name ? 3U : 2U)) return fault(element);
    auto text = fmt::format("{}={}", mac->get(), address->get());
    if (host_name) text += '=' + host_name->get();
    if (const auto checked = parse_reservations(text); !checked || checked->size() != 1) {
      return fail(
          fmt::format("{}: expected a mac such as 52:54:00:12:34:56 and an IPv4 address, not '{}'",
                      place(file, element.source()), text));
    }
    joined += (joined.empty() ? "" : ",") + text;
  }
  return joined;
}

}  // namespace

Expected<Values> values_from_toml(std::string_view text, const std::string& name) {
  Values values;
  toml::table table;
  try {
    table = toml::parse(text, std::string_view(name));
  } catch (const toml::parse_error& error) {
    return fail(fmt::format("{}: {}", place(name, error.source()), error.description()));
  }
  for (const auto& [key, node] : table) {
    const auto where = place(name, key.source());
    if (key.str() == "reservation") {
      auto reservations = reservations_of(node, name);
      if (!reservations) return std::unexpected(reservations.error());
      values["dhcp-reservations"] = {std::move(*reservations), where};
      continue;
    }
    const auto* setting = find_setting(key.str());
    if (!setting)
      return fail(
          fmt::format("{}: there is no setting '{}'{}", where, key.str(), suggestion(key.str())));
    const auto value = text_of(node);
    if (!value)
      return fail(
          fmt::format("{}: '{}' takes a text, a number, or true or false", where, key.str()));
    if (const auto checked = check_value(*setting, *value); !checked) {
      return fail(fmt::format("{}: {}, not '{}'", place(name, node.source()), checked.error().text,
                              *value));
    }
    values[std::string(key.str())] = {*value, where};
  }
  return values;
}

std::string to_toml(const Values& values) {
  std::string out;
  for (const auto& setting : settings_table()) {
    const auto& value = values.find(setting.name)->second;
    const bool bare = setting.type == Type::number || setting.type == Type::flag;
    std::ostringstream quoted;
    quoted << toml::value<std::string>(value.text);
    out += fmt::format("{} = {}  # {}\n", setting.name, bare ? value.text : quoted.str(),
                       value.origin);
  }
  return out;
}

}  // namespace pixie::app
