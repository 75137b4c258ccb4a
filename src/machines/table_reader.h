// Reads one table of a settings file key by key. What is wrong with it goes to the mistakes, and reading goes on.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "machines/fleet.h"
#include "machines/mistakes.h"
#include "script/value.h"
#include "wire/toml.h"

namespace pixie::machines {

class TableReader {
 public:
  TableReader(const toml::table& table, const TomlFile& file, Mistakes& mistakes)
      : table_(table), file_(file), mistakes_(mistakes) {}

  struct Item {
    std::string text;
    const toml::node* node;
  };

  /// Keys that are not among `known` are mistakes. `what` they belong to: "a profile".
  void expect_keys(std::string_view what, std::span<const std::string_view> known);
  const toml::node* find(std::string_view key) const { return table_.get(key); }

  // Nothing, or the fallback, if the key is not there or its value is a mistake.

  /// A text without control characters.
  std::optional<Item> text(std::string_view key);
  bool flag(std::string_view key);
  std::optional<std::uint32_t> number(std::string_view key, std::uint32_t limit);
  /// A text or a list of texts; with `numbers`, whole numbers count as texts.
  std::vector<Item> texts(std::string_view key, bool numbers = false);
  /// The value, or the elements of the list that it is.
  std::vector<const toml::node*> elements(std::string_view key);
  std::optional<Item> text(const toml::node& node) { return one_text(node, false); }
  /// The table `vars`.
  script::Table vars();
  /// The table under `key`; null if there is none.
  const toml::table* table(std::string_view key);

  /// Of the table as a whole.
  void mistake(std::string text);
  void mistake(const toml::node& at, std::string text);
  void mistake(const toml::key& at, std::string text);
  const TomlFile& file() const { return file_; }
  Mistakes& mistakes() { return mistakes_; }

 private:
  std::optional<Item> one_text(const toml::node& node, bool numbers);
  std::optional<script::Value> value(const toml::node& node, int depth);

  const toml::table& table_;
  const TomlFile& file_;
  Mistakes& mistakes_;
};

}  // namespace pixie::machines
