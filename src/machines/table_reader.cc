#include "machines/table_reader.h"

#include <algorithm>
#include <array>
#include <sstream>
#include <utility>

#include <fmt/format.h>

#include "machines/names.h"

namespace pixie::machines {
namespace {

constexpr int depth_limit = 32;

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

std::string_view kind_of(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::string:
      return "a text";
    case toml::node_type::integer:
    case toml::node_type::floating_point:
      return "a number";
    case toml::node_type::boolean:
      return "true or false";
    case toml::node_type::array:
      return "a list";
    case toml::node_type::table:
      return "a table";
    default:
      return "a date or time";
  }
}

}  // namespace

void TableReader::expect_keys(std::string_view what, std::span<const std::string_view> known) {
  for (const auto& [key, node] : table_) {
    if (contains(known, key.str())) continue;
    mistake(key, fmt::format("{} has no '{}'{}", what, key.str(),
                             mistakes_.suggestion(key.str(), known)));
  }
}

std::optional<TableReader::Item> TableReader::text(std::string_view key) {
  const auto* node = find(key);
  return node ? one_text(*node, false) : std::nullopt;
}

bool TableReader::flag(std::string_view key) {
  const auto* node = find(key);
  if (!node) return false;
  const auto* value = node->as_boolean();
  if (!value) mistake(*node, fmt::format("'{}' is true or false, not {}", key, kind_of(*node)));
  return value && value->get();
}

std::optional<std::uint32_t> TableReader::number(std::string_view key, std::uint32_t limit) {
  const auto* node = find(key);
  if (!node) return std::nullopt;
  const auto* value = node->as_integer();
  if (value && value->get() >= 0 && value->get() <= limit)
    return static_cast<std::uint32_t>(value->get());
  mistake(*node, fmt::format("'{}' is a whole number from 0 to {}", key, limit));
  return std::nullopt;
}

std::vector<TableReader::Item> TableReader::texts(std::string_view key, bool numbers) {
  std::vector<Item> items;
  for (const auto* element : elements(key)) {
    if (auto item = one_text(*element, numbers)) items.push_back(std::move(*item));
  }
  return items;
}

std::vector<const toml::node*> TableReader::elements(std::string_view key) {
  const auto* node = find(key);
  if (!node) return {};
  const auto* array = node->as_array();
  if (!array) return {node};
  if (array->empty()) mistake(*node, fmt::format("'{}' is an empty list", key));
  std::vector<const toml::node*> all;
  for (const auto& element : *array) all.push_back(&element);
  return all;
}

std::optional<TableReader::Item> TableReader::one_text(const toml::node& node, bool numbers) {
  if (const auto* integer = node.as_integer(); integer && numbers)
    return Item{fmt::to_string(integer->get()), &node};
  const auto* text = node.as_string();
  if (!text) {
    mistake(node, fmt::format("a text is wanted here, in quotes, not {}", kind_of(node)));
  } else if (text->get().empty()) {
    mistake(node, "this text is empty");
  } else if (std::ranges::any_of(text->get(), is_control)) {
    mistake(node, "this text must be one line without control characters");
  } else {
    return Item{text->get(), &node};
  }
  return std::nullopt;
}

const toml::table* TableReader::table(std::string_view key) {
  const auto* node = find(key);
  if (!node) return nullptr;
  if (!node->is_table())
    mistake(*node, fmt::format("'{}' is a table, not {}", key, kind_of(*node)));
  return node->as_table();
}

script::Table TableReader::vars() {
  script::Table vars;
  const auto* given = table("vars");
  if (!given) return vars;
  for (const auto& [key, node] : *given) {
    if (contains(fixed_names(), key.str())) {
      mistake(key, fmt::format("'{}' is always what pixie knows of the machine; give this variable "
                               "another name",
                               key.str()));
    } else if (!is_variable_name(key.str())) {
      mistake(key, fmt::format("'{}' can't be a variable's name: it begins with a letter or _, and "
                               "goes on with letters, digits, _ and -",
                               key.str()));
    } else if (auto content = value(node, 0)) {
      vars.emplace(key.str(), std::move(*content));
    }
  }
  return vars;
}

std::optional<script::Value> TableReader::value(const toml::node& node, int depth) {
  if (depth > depth_limit) {
    mistake(node, fmt::format("lists and tables are nested more than {} deep", depth_limit));
    return std::nullopt;
  }
  script::Value result;
  if (const auto* text = node.as_string()) {
    result.content = text->get();
  } else if (const auto* flag = node.as_boolean()) {
    result.content = flag->get();
  } else if (const auto* integer = node.as_integer()) {
    result.content = integer->get();
  } else if (const auto* real = node.as_floating_point()) {
    result.content = real->get();
  } else if (const auto* array = node.as_array()) {
    script::List list;
    for (const auto& element : *array) {
      if (auto content = value(element, depth + 1)) list.push_back(std::move(*content));
    }
    result.content = std::move(list);
  } else if (const auto* inner = node.as_table()) {
    script::Table content_of;
    for (const auto& [key, element] : *inner) {
      if (auto content = value(element, depth + 1))
        content_of.emplace(key.str(), std::move(*content));
    }
    result.content = std::move(content_of);
  } else {
    std::ostringstream date;
    node.visit([&date](const auto& typed) {
      if constexpr (toml::is_value<decltype(typed)>) date << typed.get();
    });
    result.content = std::move(date).str();
  }
  return result;
}

void TableReader::mistake(const toml::node& at, std::string text) {
  mistakes_.add(file_, at.source().begin, std::move(text));
}

void TableReader::mistake(std::string text) {
  mistakes_.add(file_, table_.source().begin, std::move(text));
}

void TableReader::mistake(const toml::key& at, std::string text) {
  mistakes_.add(file_, at.source().begin, std::move(text));
}

}  // namespace pixie::machines
