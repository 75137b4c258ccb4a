// For tests: DHCP answers as servers write them, and images of boot files.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>

#include "dhcp/option.h"
#include "doctor/client.h"
#include "doctor/finding.h"
#include "doctor/offers.h"

namespace pixie::doctor {

inline const wire::Mac machine_mac = *wire::Mac::parse("52:54:00:77:00:01");
inline const auto dhcp_address = wire::IpAddress::v4(10, 0, 0, 2);
inline const auto pixie_address = wire::IpAddress::v4(10, 0, 0, 1);
inline const auto lease_address = wire::IpAddress::v4(10, 0, 0, 100);

struct Answer {
  wire::IpAddress from = dhcp_address;
  /// Unspecified: a proxy's.
  wire::IpAddress yiaddr = lease_address;
  wire::IpAddress siaddr = wire::IpAddress::v4(0, 0, 0, 0);
  std::string file{};
  std::string option_60{};
  /// The whole value.
  std::string option_43{};
  bool has_identifier = true;
  dhcp::MessageType type = dhcp::MessageType::offer;
};

inline Offer offer_of(const Answer& answer) {
  Offer offer;
  offer.from = answer.from;
  auto& packet = offer.packet;
  packet.op = dhcp::Packet::boot_reply;
  packet.yiaddr = answer.yiaddr;
  packet.siaddr = answer.siaddr;
  packet.file = answer.file;
  std::ranges::copy(machine_mac.octets, packet.chaddr.begin());
  packet.set_message_type(answer.type);
  if (answer.has_identifier) {
    packet.options.set_address(dhcp::option::server_identifier, answer.from);
  }
  if (!answer.option_60.empty()) {
    packet.options.set_text(dhcp::option::vendor_class, answer.option_60);
  }
  if (!answer.option_43.empty()) {
    packet.options.set_text(dhcp::option::vendor_specific, answer.option_43);
  }
  return offer;
}

/// Gives an address, and nothing else.
inline Answer address_only() { return {}; }
/// As dnsmasq's dhcp-boot.
inline Answer address_and(std::string_view file) {
  return {.siaddr = pixie_address, .file = std::string(file)};
}
inline Answer proxy_with(std::string_view file) {
  return {.from = pixie_address,
          .yiaddr = wire::IpAddress::v4(0, 0, 0, 0),
          .siaddr = pixie_address,
          .file = std::string(file),
          .option_60 = "PXEClient"};
}
/// Option 43.6 = 8: use the file of this offer.
inline const std::string use_file("\6\1\10\377", 4);

inline dhcp::ClientFacts client_facts(std::string_view kind) {
  return dhcp::describe(firmware_discover(*find_client_kind(kind), machine_mac, 1));
}

/// A PE image's headers for that machine number.
inline std::string pe_image(std::uint16_t machine) {
  constexpr std::size_t header_at = 0x80;
  std::string image(512, '\0');
  image.replace(0, 2, "MZ");
  image[0x3c] = static_cast<char>(header_at);
  image.replace(header_at, 2, "PE");
  image[header_at + 4] = static_cast<char>(machine & 0xff);
  image[header_at + 5] = static_cast<char>(machine >> 8);
  return image;
}
inline const std::string x64_rom = pe_image(0x8664);
inline const std::string arm64_rom = pe_image(0xaa64);
inline const std::string bios_rom = "\xea\x05\x00\xc0\x07 iPXE" + std::string(500, '\1');

inline std::vector<std::string> ids(std::span<const Finding> findings) {
  std::vector<std::string> found;
  for (const auto& finding : findings) found.emplace_back(finding.id);
  return found;
}

}  // namespace pixie::doctor
