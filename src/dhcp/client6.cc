#include "dhcp/client6.h"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

#include "dhcp/option6.h"
#include "dhcp/printable.h"

namespace pixie::dhcp {
namespace {

constexpr std::uint16_t ethernet = 1;
constexpr std::string_view pxe_class = "PXEClient";
constexpr std::string_view http_class = "HTTPClient";

/// Architectures of UEFI PXE and of UEFI HTTP Boot (IANA "Processor Architecture Types").
constexpr std::uint16_t uefi_architectures[] = {6, 7, 8, 9, 10, 11, 25, 27, 29, 37, 39};
constexpr std::uint16_t uefi_http_architectures[] = {15, 16, 17, 18, 19, 26, 28, 30, 38, 40};

std::optional<wire::Mac> to_mac(wire::Bytes bytes) {
  wire::Mac mac;
  if (bytes.size() != mac.octets.size()) return std::nullopt;
  std::ranges::transform(bytes, mac.octets.begin(), std::to_integer<std::uint8_t>);
  return mac;
}

/// DUID-LLT and DUID-LL (RFC 8415 sections 11.2 and 11.4).
std::optional<wire::Mac> mac_of_duid(wire::Bytes duid) {
  wire::Reader in(duid);
  const auto type = in.u16();
  if ((type != 1 && type != 3) || in.u16() != ethernet) return std::nullopt;
  if (type == 1) in.u32();
  return to_mac(in.rest());
}

/// RFC 4291 appendix A: the universal bit turned, ff fe in the middle.
std::optional<wire::Mac> mac_of_address(const wire::IpAddress& address) {
  const auto& o = address.octets;
  if (!address.is_link_local_v6() || o[11] != 0xff || o[12] != 0xfe) return std::nullopt;
  return wire::Mac{{static_cast<std::uint8_t>(o[8] ^ 2), o[9], o[10], o[13], o[14], o[15]}};
}

/// The relay next to the client is the one that sees its frames (RFC 6939 section 5).
std::optional<wire::Mac> mac_of_relay(const Packet6& packet) {
  if (packet.relays.empty()) return std::nullopt;
  const auto value = packet.relays.back().options.find(option6::client_link_layer);
  if (!value) return std::nullopt;
  wire::Reader in(*value);
  return in.u16() == ethernet ? to_mac(in.rest()) : std::nullopt;
}

/// DUID-UUID (RFC 6355).
std::optional<std::array<std::uint8_t, 16>> uuid_of_duid(wire::Bytes duid) {
  wire::Reader in(duid);
  std::array<std::uint8_t, 16> uuid{};
  if (in.u16() != 4 || in.remaining() != uuid.size()) return std::nullopt;
  std::ranges::transform(in.rest(), uuid.begin(), std::to_integer<std::uint8_t>);
  return uuid;
}

/// Between the order of RFC 4122 and SMBIOS's, whose first three fields are little endian.
void swap_uuid_fields(std::array<std::uint8_t, 16>& uuid) {
  std::ranges::reverse(uuid.begin(), uuid.begin() + 4);
  std::swap(uuid[4], uuid[5]);
  std::swap(uuid[6], uuid[7]);
}

std::vector<std::uint16_t> numbers(std::optional<wire::Bytes> value) {
  std::vector<std::uint16_t> result;
  wire::Reader in(value.value_or(wire::Bytes()));
  while (in.remaining() >= 2) result.push_back(in.u16());
  return result;
}

/// The first text of a vendor class (after its enterprise number) or of a user class.
std::string_view first_class(wire::Reader in) {
  const auto text = wire::as_text(in.bytes(in.u16()));
  return in.ok() ? text : std::string_view();
}

/// A boot client's.
std::string_view vendor_class(const Options6& options) {
  for (const auto value : options.all(option6::vendor_class)) {
    wire::Reader in(value);
    in.u32();
    const auto text = first_class(in);
    if (text.starts_with(pxe_class) || text.starts_with(http_class)) return text;
  }
  return {};
}

/// The list of RFC 8415 section 21.15, or the bare text, as with option 77 of DHCPv4.
bool is_ipxe(const Options6& options) {
  const auto value = options.find(option6::user_class);
  if (!value) return false;
  return wire::as_text(*value) == "iPXE" || first_class(wire::Reader(*value)) == "iPXE";
}

/// `PXEClient:Arch:00007:UNDI:003000` says 7.
std::vector<std::uint16_t> architecture_of_class(std::string_view text) {
  constexpr std::string_view mark = ":Arch:";
  const auto at = text.find(mark);
  if (at == std::string_view::npos) return {};
  const auto digits = text.substr(at + mark.size(), 5);
  std::uint16_t number = 0;
  const auto [end, error] = std::from_chars(digits.begin(), digits.end(), number);
  if (error != std::errc{} || end == digits.begin()) return {};
  return {number};
}

template <std::size_t N>
bool any_of(const std::vector<std::uint16_t>& architectures, const std::uint16_t (&known)[N]) {
  return std::ranges::find_first_of(architectures, known) != architectures.end();
}

Firmware6 firmware_of(const Options6& options, const ClientFacts6& facts) {
  const auto vendor = vendor_class(options);
  if (is_ipxe(options)) return Firmware6::ipxe;
  if (vendor.starts_with(http_class)) return Firmware6::uefi_http;
  if (any_of(facts.architectures, uefi_http_architectures)) return Firmware6::uefi_http;
  if (any_of(facts.architectures, uefi_architectures)) return Firmware6::uefi;
  const bool wants_file = facts.requests(option6::bootfile_url) || !facts.architectures.empty();
  return wants_file || !vendor.empty() ? Firmware6::other : Firmware6::none;
}

}  // namespace

bool ClientFacts6::requests(std::uint16_t code) const {
  return std::ranges::find(requested, code) != requested.end();
}

ClientFacts6 describe(const Packet6& packet, const wire::IpAddress& source) {
  ClientFacts6 facts;
  const auto duid = packet.options.find(option6::client_identifier).value_or(wire::Bytes());
  facts.duid.assign(duid.begin(), duid.end());
  facts.mac = mac_of_relay(packet)
                  .or_else([&] { return mac_of_address(packet.client_address(source)); })
                  .or_else([&] { return mac_of_duid(duid); });
  facts.uuid = uuid_of_duid(duid);
  facts.requested = numbers(packet.options.find(option6::option_request));
  facts.architectures = numbers(packet.options.find(option6::client_architecture));
  if (facts.architectures.empty()) {
    facts.architectures = architecture_of_class(vendor_class(packet.options));
  }
  facts.vendor_class = printable(wire::as_bytes(vendor_class(packet.options)));
  facts.firmware = firmware_of(packet.options, facts);
  // EDK2 copies the UUID out of SMBIOS as it stands there (Dhcp6Utility.c, Dhcp6GenerateClientId).
  const bool is_uefi = facts.firmware == Firmware6::uefi || facts.firmware == Firmware6::uefi_http;
  if (facts.uuid && is_uefi) swap_uuid_fields(*facts.uuid);
  return facts;
}

}  // namespace pixie::dhcp
