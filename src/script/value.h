// What a template may show: texts, numbers, lists and tables, and where a name is looked up.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace pixie::script {

struct Value;
using List = std::vector<Value>;
using Table = std::map<std::string, Value, std::less<>>;

struct Value {
  std::variant<std::string, bool, std::int64_t, double, List, Table> content;
  /// The machine itself said so (a query string, a DHCP option): it may be anybody's choice of words. Of a list or
  /// a table it holds for everything inside.
  bool claimed = false;

  bool operator==(const Value&) const = default;
};

/// A value and whether it, or what it is a part of, is claimed.
struct Found {
  /// Null: there is none.
  const Value* value = nullptr;
  bool claimed = false;
};

/// What `path` (`device`, `part.size`; empty: the whole) names inside of `whole`.
Found part_of(Found whole, std::string_view path);

/// Where the names of a template are looked up: tables, the first that has a name wins. A dotted name goes into
/// tables: `disk.device`; the first table that has `disk` decides. The tables must outlive the scope.
class Scope {
 public:
  Scope(std::initializer_list<const Table*> tables) : tables_(tables) {}
  explicit Scope(std::vector<const Table*> tables) : tables_(std::move(tables)) {}

  /// Null if no table has it.
  const Value* find(std::string_view name) const { return look_up(name).value; }
  Found look_up(std::string_view name) const;
  /// Every name of the first level, sorted, for a suggestion.
  std::vector<std::string_view> names() const;

 private:
  std::vector<const Table*> tables_;
};

}  // namespace pixie::script
