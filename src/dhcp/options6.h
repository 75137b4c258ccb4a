// The options of one DHCPv6 message, or those inside one option of it (RFC 8415 section 21.1):
//
//   options = *( code:u16 size:u16 size*byte )
//
// Unlike DHCPv4's they are neither split nor joined: a code may occur several times.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <ranges>
#include <string_view>
#include <vector>

#include "wire/cursor.h"
#include "wire/error.h"

namespace pixie::dhcp {

struct Option6 {
  std::uint16_t code = 0;
  wire::Bytes value;
};

/// Options in their order. What getters return refers to this object until it is changed.
class Options6 {
 public:
  /// Fails if an option is cut off; copies what it keeps.
  static Expected<Options6> parse(wire::Bytes bytes);

  bool empty() const { return entries_.empty(); }
  bool contains(std::uint16_t code) const { return find(code).has_value(); }
  auto all() const {
    return entries_ | std::views::transform([this](const Entry& e) { return option(e); });
  }
  /// Every option with that code.
  auto all(std::uint16_t code) const {
    return entries_ | std::views::filter([code](const Entry& e) { return e.code == code; }) |
           std::views::transform([this](const Entry& e) { return option(e).value; });
  }
  /// The first option with that code.
  std::optional<wire::Bytes> find(std::uint16_t code) const;

  /// Appends an option. `value` must not be a part of this object, and holds at most 65535 bytes:
  /// otherwise throws std::invalid_argument.
  void add(std::uint16_t code, wire::Bytes value);
  void add_text(std::uint16_t code, std::string_view text) { add(code, wire::as_bytes(text)); }

  /// How many bytes write() takes.
  std::size_t encoded_size() const { return bytes_.size() + 4 * entries_.size(); }
  void write(wire::Writer& out) const;

  bool operator==(const Options6& other) const = default;

 private:
  struct Entry {
    std::uint16_t code = 0;
    std::uint16_t size = 0;
    std::size_t offset = 0;
    bool operator==(const Entry&) const = default;
  };
  Option6 option(const Entry& e) const {
    return {e.code, wire::Bytes(bytes_).subspan(e.offset, e.size)};
  }

  std::vector<Entry> entries_;
  std::vector<std::byte> bytes_;
};

}  // namespace pixie::dhcp
