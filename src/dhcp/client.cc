#include "dhcp/client.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "dhcp/option.h"
#include "dhcp/printable.h"

namespace pixie::dhcp {
namespace {

/// The first three octets of addresses that Raspberry Pi Ltd gives its boards.
constexpr std::array<std::array<std::uint8_t, 3>, 5> raspberry_pi_ouis{{
    {0xb8, 0x27, 0xeb},
    {0xdc, 0xa6, 0x32},
    {0xe4, 0x5f, 0x01},
    {0xd8, 0x3a, 0xdd},
    {0x2c, 0xcf, 0x67},
}};

std::string_view raw_text(const Options& options, std::uint8_t code) {
  return options.text(code).value_or("");
}

std::vector<std::byte> copy_of(const Options& options, std::uint8_t code) {
  const auto value = options.find(code).value_or(wire::Bytes());
  return {value.begin(), value.end()};
}

/// Whether `class_name` is the user class: as plain text, which iPXE sends, or one of a list of
/// texts with a byte for the size before each (RFC 3004 section 4).
bool has_user_class(const Options& options, std::string_view class_name) {
  if (raw_text(options, option::user_class) == class_name) return true;
  wire::Reader in(options.find(option::user_class).value_or(wire::Bytes()));
  while (!in.at_end() && in.ok()) {
    if (wire::as_text(in.bytes(in.u8())) == class_name && in.ok()) return true;
  }
  return false;
}

std::string ipxe_version(const Options& options) {
  const auto encapsulated = options.find(option::ipxe);
  if (!encapsulated) return {};
  const auto features = parse_encapsulated(*encapsulated);
  const auto version = features ? features->find(ipxe_option::version) : std::nullopt;
  if (!version || version->size() != 3) return {};
  wire::Reader in(*version);
  const int major = in.u8();
  const int minor = in.u8();
  return fmt::format("{}.{}.{}", major, minor, in.u8());
}

/// The UUID of option 97: a type byte 0 and 16 octets, whose first three groups have their least
/// significant octet first, as in SMBIOS (System Management BIOS 3.x, section 7.2.1). EDK2 and iPXE
/// both send them so.
std::string uuid_text(wire::Bytes value) {
  constexpr std::array<std::size_t, 16> order{3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
  if (value.size() != 1 + order.size() || value[0] != std::byte{0}) return {};
  std::string text;
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += hex(value.subspan(1 + order[i], 1));
  }
  return text;
}

RelayInfo relay_info(const Packet& packet) {
  RelayInfo relay{.giaddr = packet.giaddr, .circuit_id = {}, .remote_id = {}};
  const auto agent =
      parse_encapsulated(packet.options.find(option::relay_agent).value_or(wire::Bytes()));
  if (!agent) return relay;
  relay.circuit_id =
      printable_or_hex(agent->find(relay_option::circuit_id).value_or(wire::Bytes()));
  relay.remote_id = printable_or_hex(agent->find(relay_option::remote_id).value_or(wire::Bytes()));
  return relay;
}

/// iPXE's vendor class is not looked at: after a proxy's answer it is a bare `PXEClient`, and it
/// always sends option 93.
std::vector<std::uint16_t> architectures_of(const Options& options, bool is_ipxe) {
  if (const auto list = options.find(option::client_architecture))
    return parse_architectures(*list);
  if (is_ipxe) return {};
  const auto type = vendor_class_architecture(raw_text(options, option::vendor_class));
  return type ? std::vector{*type} : std::vector<std::uint16_t>();
}

/// The Raspberry Pi's ROM says that it is a PC with BIOS; its UEFI firmware, with the same MAC
/// address, does not.
bool is_raspberry_pi(const Packet& packet, const ClientFacts& facts) {
  constexpr std::string_view mark = "RPi";
  const auto machine = wire::as_text(facts.client_machine);
  if (machine.starts_with(mark) ||
      (machine.starts_with('\0') && machine.substr(1).starts_with(mark))) {
    return true;
  }
  if (!facts.mac || !raw_text(packet.options, option::vendor_class).starts_with("PXEClient")) {
    return false;
  }
  const auto is_of = [&mac = facts.mac->octets](const auto& oui) {
    return std::ranges::equal(oui, std::span(mac).first(oui.size()));
  };
  return std::ranges::find(facts.architectures, 0) != facts.architectures.end() &&
         std::ranges::any_of(raspberry_pi_ouis, is_of);
}

bool any_on(const ClientFacts& facts, Platform platform) {
  return std::ranges::any_of(facts.architectures, [platform](std::uint16_t type) {
    const auto* known = find_architecture(type);
    return known && known->platform == platform;
  });
}

/// The vendor class decides, where there is one; the architectures otherwise.
bool wants_url(std::string_view vendor_class, const ClientFacts& facts) {
  if (facts.is_ipxe || vendor_class.starts_with("PXEClient")) return false;
  if (vendor_class.starts_with("HTTPClient")) return true;
  return std::ranges::any_of(facts.architectures, [](std::uint16_t type) {
    const auto* known = find_architecture(type);
    return known && known->http;
  });
}

Firmware firmware_of(const Packet& packet, const ClientFacts& facts) {
  const auto vendor_class = raw_text(packet.options, option::vendor_class);
  if (facts.is_ipxe) return Firmware::ipxe;
  if (any_on(facts, Platform::raspberry_pi) || is_raspberry_pi(packet, facts)) {
    return Firmware::raspberry_pi;
  }
  if (vendor_class.starts_with("U-Boot") || any_on(facts, Platform::uboot)) return Firmware::uboot;
  if (any_on(facts, Platform::uefi)) {
    return facts.wants_url ? Firmware::uefi_http : Firmware::uefi;
  }
  if (any_on(facts, Platform::bios)) return Firmware::bios;
  const bool says_so =
      vendor_class.starts_with("PXEClient") || vendor_class.starts_with("HTTPClient");
  return says_so || !facts.architectures.empty() ? Firmware::other : Firmware::none;
}

}  // namespace

std::string_view firmware_name(Firmware firmware) {
  switch (firmware) {
    case Firmware::none:
      return "no boot client";
    case Firmware::bios:
      return "BIOS";
    case Firmware::uefi:
      return "UEFI";
    case Firmware::uefi_http:
      return "UEFI HTTP";
    case Firmware::ipxe:
      return "iPXE";
    case Firmware::uboot:
      return "U-Boot";
    case Firmware::raspberry_pi:
      return "Raspberry Pi";
    case Firmware::other:
      return "other";
  }
  return "other";
}

ClientFacts describe(const Packet& packet) {
  const auto& options = packet.options;
  ClientFacts facts;
  // FlexBoot and other vendors' builds may omit the user class.
  facts.is_ipxe = has_user_class(options, "iPXE") || options.contains(option::ipxe);
  facts.architectures = architectures_of(options, facts.is_ipxe);
  facts.ipxe_version = ipxe_version(options);
  facts.mac = packet.mac();
  facts.client_machine = copy_of(options, option::client_machine);
  facts.uuid = uuid_text(facts.client_machine);
  facts.client_identifier = copy_of(options, option::client_identifier);
  const auto vendor_class = raw_text(options, option::vendor_class);
  facts.vendor_class = printable(wire::as_bytes(vendor_class));
  facts.host_name = printable(wire::as_bytes(raw_text(options, option::host_name)));
  facts.relay = relay_info(packet);
  facts.wants_broadcast = (packet.flags & Packet::broadcast_flag) != 0;
  facts.wants_url = wants_url(vendor_class, facts);
  facts.firmware = firmware_of(packet, facts);
  return facts;
}

}  // namespace pixie::dhcp
