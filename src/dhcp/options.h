// The options of one DHCP message, or those encapsulated in one option of it (43, 82, 175):
//
//   field  = *( pad | option ) [ end *byte ]
//   option = code:u8 size:u8 size*byte           code 1 to 254
//   pad    = 0        end = 255                  RFC 2132 section 2
//
// An option whose code occurs more than once is one option, its parts concatenated (RFC 3396), so
// that a value may be longer than 255 bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <ranges>
#include <span>
#include <string_view>
#include <vector>

#include "wire/address.h"
#include "wire/cursor.h"
#include "wire/error.h"

namespace pixie::dhcp {

struct Option {
  std::uint8_t code = 0;
  wire::Bytes value;
};

/// Options in the order of their first appearance, each code once. What getters return refers to
/// this object and is valid until it is changed.
class Options {
 public:
  /// Parses the fields of one message, in the order in which their values belong together (RFC 3396
  /// section 5: options, file, sname). A field need not end with an end option.
  static Expected<Options> parse(std::span<const wire::Bytes> fields);

  bool empty() const { return entries_.empty(); }
  std::size_t size() const { return entries_.size(); }
  bool contains(std::uint8_t code) const { return entry(code) != nullptr; }
  /// Every option, as a range of Option.
  auto all() const {
    return entries_ |
           std::views::transform([this](const Entry& e) { return Option{e.code, value(e)}; });
  }

  std::optional<wire::Bytes> find(std::uint8_t code) const;
  /// The first address of an option that holds addresses; nothing if its size is no multiple of 4.
  std::optional<wire::IpAddress> address(std::uint8_t code) const;
  /// Numbers; nothing if the option has another size.
  std::optional<std::uint8_t> u8(std::uint8_t code) const;
  std::optional<std::uint16_t> u16(std::uint8_t code) const;
  std::optional<std::uint32_t> u32(std::uint8_t code) const;
  /// Text without the NULs at its end, which RFC 2132 section 2 tells receivers to delete. Any
  /// other bytes may be in it: see printable().
  std::optional<std::string_view> text(std::uint8_t code) const;

  /// Setters replace the option's value, or append the option. `value` must not be a part of this
  /// object. They throw std::invalid_argument for the codes 0 and 255, which are no options, and
  /// for an IPv6 address.
  void set(std::uint8_t code, wire::Bytes value);
  void set_address(std::uint8_t code, const wire::IpAddress& address);
  void set_addresses(std::uint8_t code, std::span<const wire::IpAddress> addresses);
  void set_u8(std::uint8_t code, std::uint8_t value);
  void set_u16(std::uint8_t code, std::uint16_t value);
  void set_u32(std::uint8_t code, std::uint32_t value);
  void set_text(std::uint8_t code, std::string_view text);
  /// With a NUL at its end, for those who read file names and URLs as C strings.
  void set_terminated_text(std::uint8_t code, std::string_view text);
  void erase(std::uint8_t code);

  /// Whether both hold the same options, whatever their order: it means nothing (RFC 2131 section
  /// 4.1).
  bool operator==(const Options& other) const;

 private:
  struct Entry {
    std::uint8_t code = 0;
    std::uint32_t offset = 0;
    std::uint32_t size = 0;
  };

  const Entry* entry(std::uint8_t code) const;
  wire::Bytes value(const Entry& entry) const {
    return wire::Bytes(bytes_).subspan(entry.offset, entry.size);
  }
  /// The value of `code` as `size` bytes to be written.
  std::span<std::byte> place(std::uint8_t code, std::size_t size);
  void drop_value(const Entry& entry);

  std::vector<Entry> entries_;
  std::vector<std::byte> bytes_;
};

/// How many bytes an option with a value of `size` bytes takes: it is split into parts of at most
/// 255 bytes, each with a code and a size.
std::size_t encoded_size(std::size_t size);

/// Writes an option, split where it is longer than 255 bytes.
void write_option(wire::Writer& out, const Option& option);

/// Parses the value of an option that holds options.
Expected<Options> parse_encapsulated(wire::Bytes value);

/// Whether an end option closes encapsulated options: PXE's option 43 has one (PXE 2.1, PXE_END),
/// option 82 must not (RFC 3046 section 2.0).
enum class EndOption : bool { absent, present };

/// The value of an option that holds `options`.
std::vector<std::byte> write_encapsulated(const Options& options, EndOption end);

}  // namespace pixie::dhcp
