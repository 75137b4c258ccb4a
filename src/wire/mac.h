// An Ethernet address (EUI-48) and its spellings.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace pixie::wire {

struct Mac {
  std::array<std::uint8_t, 6> octets{};

  auto operator<=>(const Mac&) const = default;

  /// `52-54-00-ab-cd-ef`: how iPXE's `${mac:hexhyp}` writes it, and the name of a machine's script.
  std::string hyphens() const;
  /// `52:54:00:ab:cd:ef`: how people write it.
  std::string colons() const;

  /// Takes six pairs of hexadecimal digits separated by `-` or `:` (one kind throughout), or not
  /// separated, in either case. Nothing may follow.
  static std::optional<Mac> parse(std::string_view text);
};

}  // namespace pixie::wire

template <>
struct std::hash<pixie::wire::Mac> {
  std::size_t operator()(const pixie::wire::Mac& mac) const noexcept;
};
