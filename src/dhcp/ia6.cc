#include "dhcp/ia6.h"

#include <algorithm>
#include <span>
#include <utility>

#include "dhcp/option6.h"

namespace pixie::dhcp {
namespace {

bool has_times(Ia::Kind kind) { return kind != Ia::addresses_ta; }

Expected<IaAddress> parse_address(wire::Bytes value) {
  wire::Reader in(value);
  IaAddress result;
  std::ranges::transform(in.bytes(result.address.octets.size()), result.address.octets.begin(),
                         std::to_integer<std::uint8_t>);
  result.preferred = in.u32();
  result.valid = in.u32();
  if (!in.ok()) return fail("DHCPv6 IA address: expected at least 24 bytes");
  return result;
}

Expected<Ia> parse_ia(Ia::Kind kind, wire::Bytes value) {
  wire::Reader in(value);
  Ia ia{.kind = kind, .iaid = in.u32(), .t1 = 0, .t2 = 0, .addresses = {}, .status = {}};
  if (has_times(kind)) {
    ia.t1 = in.u32();
    ia.t2 = in.u32();
  }
  if (!in.ok()) return fail("DHCPv6 identity association: expected an IAID and its times");
  const auto options = Options6::parse(in.rest());
  if (!options) return std::unexpected(options.error());
  for (const auto inside : options->all(option6::ia_address)) {
    const auto address = parse_address(inside);
    if (!address) return std::unexpected(address.error());
    ia.addresses.push_back(*address);
  }
  ia.status = status(*options);
  return ia;
}

std::vector<std::byte> value_of(const IaAddress& address) {
  std::vector<std::byte> value(24);
  wire::Writer out(value);
  out.bytes(std::as_bytes(std::span(address.address.octets)));
  out.u32(address.preferred);
  out.u32(address.valid);
  return value;
}

}  // namespace

Expected<std::vector<Ia>> parse_ias(const Options6& options) {
  std::vector<Ia> ias;
  for (const auto& [code, value] : options.all()) {
    if (code != Ia::addresses_na && code != Ia::addresses_ta && code != Ia::prefixes) continue;
    auto ia = parse_ia(static_cast<Ia::Kind>(code), value);
    if (!ia) return std::unexpected(ia.error());
    ias.push_back(std::move(*ia));
  }
  return ias;
}

void add_ia(Options6& options, const Ia& ia) {
  Options6 inside;
  for (const auto& address : ia.addresses) inside.add(option6::ia_address, value_of(address));
  if (ia.status) add_status(inside, *ia.status);
  const std::size_t times_size = has_times(ia.kind) ? 8 : 0;
  std::vector<std::byte> value(4 + times_size + inside.encoded_size());
  wire::Writer out(value);
  out.u32(ia.iaid);
  if (has_times(ia.kind)) {
    out.u32(ia.t1);
    out.u32(ia.t2);
  }
  inside.write(out);
  options.add(ia.kind, value);
}

std::optional<Status6> status(const Options6& options) {
  const auto value = options.find(option6::status_code);
  if (!value) return std::nullopt;
  wire::Reader in(*value);
  const auto code = in.u16();
  if (!in.ok()) return std::nullopt;
  return Status6{code, std::string(wire::as_text(in.rest()))};
}

void add_status(Options6& options, const Status6& status) {
  std::vector<std::byte> value(2 + status.message.size());
  wire::Writer out(value);
  out.u16(status.code);
  out.bytes(wire::as_bytes(status.message));
  options.add(option6::status_code, value);
}

}  // namespace pixie::dhcp
