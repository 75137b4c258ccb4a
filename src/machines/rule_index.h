// The rules, prepared for matching: those that ask for an exact MAC, UUID or serial number are found by it, the others
// are tried in their order.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "machines/fleet.h"
#include "machines/identity.h"

namespace pixie::machines {

/// What a condition on `fact` is compared with: the owner's host name of a machine wins over its own.
std::string_view compared_text(Fact fact, const Identity& identity, const Machine* machine);
bool in_group(const Machine* machine, const std::vector<std::string>& names);

class RuleIndex {
 public:
  RuleIndex() = default;
  explicit RuleIndex(const std::vector<Rule>& rules);

  /// The number of the first rule that matches. `machine` is the entry of this machine, or null.
  std::optional<std::size_t> match(const Identity& identity, const Machine* machine) const;

 private:
  using Number = std::uint32_t;
  struct Test {
    /// Nothing: one of the groups.
    std::optional<Fact> fact;
    /// In lower case.
    std::vector<std::string> patterns;
    std::vector<wire::Network> networks;
  };
  using Tests = std::vector<Test>;
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  using Exact = std::unordered_map<std::string, std::vector<Number>, TextHash, std::equal_to<>>;

  bool holds(const Tests& tests, const Identity& identity, const Machine* machine) const;
  bool add_exact(const Tests& tests, Number number);

  std::vector<Tests> rules_;
  static constexpr std::array exact_facts{Fact::mac, Fact::uuid, Fact::serial};
  std::array<Exact, exact_facts.size()> exact_;
  std::vector<Number> others_;
};

}  // namespace pixie::machines
