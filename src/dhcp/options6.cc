#include "dhcp/options6.h"

#include <limits>
#include <stdexcept>

#include <fmt/format.h>

namespace pixie::dhcp {

Expected<Options6> Options6::parse(wire::Bytes bytes) {
  Options6 options;
  wire::Reader in(bytes);
  while (!in.at_end()) {
    const auto code = in.u16();
    const auto value = in.bytes(in.u16());
    if (!in.ok()) {
      return fail(fmt::format(
          "DHCPv6 options: expected a code, a size and that many bytes, after {} options",
          options.entries_.size()));
    }
    options.add(code, value);
  }
  return options;
}

std::optional<wire::Bytes> Options6::find(std::uint16_t code) const {
  for (const auto& entry : entries_) {
    if (entry.code == code) return option(entry).value;
  }
  return std::nullopt;
}

void Options6::add(std::uint16_t code, wire::Bytes value) {
  if (value.size() > std::numeric_limits<std::uint16_t>::max()) {
    throw std::invalid_argument("a DHCPv6 option holds at most 65535 bytes");
  }
  entries_.push_back({code, static_cast<std::uint16_t>(value.size()), bytes_.size()});
  bytes_.insert(bytes_.end(), value.begin(), value.end());
}

void Options6::write(wire::Writer& out) const {
  for (const auto& [code, value] : all()) {
    out.u16(code);
    out.u16(static_cast<std::uint16_t>(value.size()));
    out.bytes(value);
  }
}

}  // namespace pixie::dhcp
