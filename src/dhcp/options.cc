#include "dhcp/options.h"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>

#include <fmt/format.h>

#include "dhcp/ipv4.h"
#include "dhcp/option.h"

namespace pixie::dhcp {
namespace {

constexpr std::size_t max_part = 255;

/// Reads the parts of options in one field, up to its end option or an error.
class PartReader {
 public:
  explicit PartReader(wire::Bytes field) : in_(field) {}

  std::optional<Option> next() {
    while (!in_.at_end()) {
      const auto code = in_.u8();
      if (code == option::pad) continue;
      if (code == option::end) break;
      return part(code);
    }
    return std::nullopt;
  }

  /// What was expected where it stopped; empty if all was well.
  const std::string& error() const { return error_; }

 private:
  std::optional<Option> part(std::uint8_t code) {
    if (in_.at_end()) {
      error_ = fmt::format("DHCP option {}: expected a length", code);
      return std::nullopt;
    }
    const auto size = in_.u8();
    const auto left = in_.remaining();
    const auto value = in_.bytes(size);
    if (in_.ok()) return Option{code, value};
    error_ = fmt::format("DHCP option {}: expected {} bytes, but only {} follow", code, size, left);
    return std::nullopt;
  }

  wire::Reader in_;
  std::string error_;
};

void require_ipv4(const wire::IpAddress& address) {
  if (!address.is_v4()) throw std::invalid_argument("a DHCP option holds IPv4 addresses only");
}

}  // namespace

Expected<Options> Options::parse(std::span<const wire::Bytes> fields) {
  Options result;
  // First the sizes, so that the parts of an option are gathered without moving what was copied.
  std::array<std::uint32_t, 256> sizes{};
  std::array<bool, 256> seen{};
  for (const auto field : fields) {
    PartReader parts(field);
    while (const auto part = parts.next()) {
      if (!seen[part->code]) result.entries_.push_back({.code = part->code});
      seen[part->code] = true;
      sizes[part->code] += static_cast<std::uint32_t>(part->value.size());
    }
    if (!parts.error().empty()) return fail(parts.error());
  }
  std::array<std::uint32_t, 256> next{};
  std::uint32_t total = 0;
  for (auto& entry : result.entries_) {
    entry.offset = next[entry.code] = total;
    entry.size = sizes[entry.code];
    total += entry.size;
  }
  result.bytes_.resize(total);
  for (const auto field : fields) {
    PartReader parts(field);
    while (const auto part = parts.next()) {
      std::ranges::copy(part->value, result.bytes_.begin() + next[part->code]);
      next[part->code] += static_cast<std::uint32_t>(part->value.size());
    }
  }
  return result;
}

const Options::Entry* Options::entry(std::uint8_t code) const {
  const auto found = std::ranges::find(entries_, code, &Entry::code);
  return found == entries_.end() ? nullptr : &*found;
}

std::optional<wire::Bytes> Options::find(std::uint8_t code) const {
  const auto* found = entry(code);
  return found ? std::optional(value(*found)) : std::nullopt;
}

std::optional<wire::IpAddress> Options::address(std::uint8_t code) const {
  const auto value = find(code);
  if (!value || value->empty() || value->size() % 4 != 0) return std::nullopt;
  return ipv4_address(wire::Reader(*value).u32());
}

std::optional<std::uint8_t> Options::u8(std::uint8_t code) const {
  const auto value = find(code);
  return value && value->size() == 1 ? std::optional(wire::Reader(*value).u8()) : std::nullopt;
}

std::optional<std::uint16_t> Options::u16(std::uint8_t code) const {
  const auto value = find(code);
  return value && value->size() == 2 ? std::optional(wire::Reader(*value).u16()) : std::nullopt;
}

std::optional<std::uint32_t> Options::u32(std::uint8_t code) const {
  const auto value = find(code);
  return value && value->size() == 4 ? std::optional(wire::Reader(*value).u32()) : std::nullopt;
}

std::optional<std::string_view> Options::text(std::uint8_t code) const {
  const auto value = find(code);
  if (!value) return std::nullopt;
  const auto text = wire::as_text(*value);
  return text.substr(0, text.find_last_not_of('\0') + 1);
}

void Options::drop_value(const Entry& entry) {
  const auto begin = bytes_.begin() + entry.offset;
  bytes_.erase(begin, begin + entry.size);
  for (auto& other : entries_) {
    if (other.offset > entry.offset) other.offset -= entry.size;
  }
}

std::span<std::byte> Options::place(std::uint8_t code, std::size_t size) {
  if (code == option::pad || code == option::end) {
    throw std::invalid_argument("DHCP options have codes from 1 to 254");
  }
  auto found = std::ranges::find(entries_, code, &Entry::code);
  if (found == entries_.end()) {
    found = entries_.insert(found, {.code = code});
  } else {
    drop_value(*found);
  }
  found->offset = static_cast<std::uint32_t>(bytes_.size());
  found->size = static_cast<std::uint32_t>(size);
  bytes_.resize(bytes_.size() + size);
  return std::span(bytes_).last(size);
}

void Options::set(std::uint8_t code, wire::Bytes value) {
  std::ranges::copy(value, place(code, value.size()).begin());
}

void Options::set_address(std::uint8_t code, const wire::IpAddress& address) {
  set_addresses(code, std::span(&address, 1));
}

void Options::set_addresses(std::uint8_t code, std::span<const wire::IpAddress> addresses) {
  std::ranges::for_each(addresses, require_ipv4);
  wire::Writer out(place(code, addresses.size() * 4));
  for (const auto& address : addresses) out.u32(ipv4_number(address));
}

void Options::set_u8(std::uint8_t code, std::uint8_t value) {
  wire::Writer(place(code, 1)).u8(value);
}

void Options::set_u16(std::uint8_t code, std::uint16_t value) {
  wire::Writer(place(code, 2)).u16(value);
}

void Options::set_u32(std::uint8_t code, std::uint32_t value) {
  wire::Writer(place(code, 4)).u32(value);
}

void Options::set_text(std::uint8_t code, std::string_view text) {
  set(code, wire::as_bytes(text));
}

void Options::set_terminated_text(std::uint8_t code, std::string_view text) {
  wire::Writer(place(code, text.size() + 1)).zero_terminated(text);
}

void Options::erase(std::uint8_t code) {
  const auto found = std::ranges::find(entries_, code, &Entry::code);
  if (found == entries_.end()) return;
  drop_value(*found);
  entries_.erase(found);
}

bool Options::operator==(const Options& other) const {
  return size() == other.size() && std::ranges::all_of(all(), [&other](const Option& option) {
           const auto value = other.find(option.code);
           return value && std::ranges::equal(*value, option.value);
         });
}

std::size_t encoded_size(std::size_t size) {
  const auto parts = std::max<std::size_t>((size + max_part - 1) / max_part, 1);
  return size + parts * 2;
}

void write_option(wire::Writer& out, const Option& option) {
  auto rest = option.value;
  do {
    const auto part = rest.first(std::min(rest.size(), max_part));
    out.u8(option.code);
    out.u8(static_cast<std::uint8_t>(part.size()));
    out.bytes(part);
    rest = rest.subspan(part.size());
  } while (!rest.empty());
}

Expected<Options> parse_encapsulated(wire::Bytes value) {
  return Options::parse(std::span(&value, 1));
}

std::vector<std::byte> write_encapsulated(const Options& options, EndOption end) {
  std::size_t size = end == EndOption::present ? 1 : 0;
  for (const auto& option : options.all()) size += encoded_size(option.value.size());
  std::vector<std::byte> result(size);
  wire::Writer out(result);
  for (const auto& option : options.all()) write_option(out, option);
  if (end == EndOption::present) out.u8(option::end);
  return result;
}

}  // namespace pixie::dhcp
