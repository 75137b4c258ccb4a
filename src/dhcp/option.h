// Codes of DHCP options (IANA registry "BOOTP Vendor Extensions and DHCP Options") and of the
// options inside some of them.
#pragma once

#include <cstdint>

namespace pixie::dhcp {

namespace option {
constexpr std::uint8_t pad = 0;
constexpr std::uint8_t subnet_mask = 1;
constexpr std::uint8_t router = 3;
constexpr std::uint8_t dns = 6;
constexpr std::uint8_t host_name = 12;
constexpr std::uint8_t domain_name = 15;
constexpr std::uint8_t broadcast = 28;
constexpr std::uint8_t vendor_specific = 43;
constexpr std::uint8_t requested_address = 50;
constexpr std::uint8_t lease_time = 51;
constexpr std::uint8_t overload = 52;
constexpr std::uint8_t message_type = 53;
constexpr std::uint8_t server_identifier = 54;
constexpr std::uint8_t parameter_list = 55;
constexpr std::uint8_t message = 56;
constexpr std::uint8_t max_message_size = 57;
constexpr std::uint8_t renewal_time = 58;
constexpr std::uint8_t rebinding_time = 59;
constexpr std::uint8_t vendor_class = 60;
constexpr std::uint8_t client_identifier = 61;
constexpr std::uint8_t tftp_server_name = 66;
constexpr std::uint8_t bootfile_name = 67;
constexpr std::uint8_t user_class = 77;
constexpr std::uint8_t client_fqdn = 81;
constexpr std::uint8_t relay_agent = 82;
/// RFC 4578: 93, 94 and 97.
constexpr std::uint8_t client_architecture = 93;
constexpr std::uint8_t client_interface = 94;
constexpr std::uint8_t client_machine = 97;
constexpr std::uint8_t subnet_selection = 118;
/// Not registered: https://ipxe.org/howto/dhcpd.
constexpr std::uint8_t ipxe = 175;
constexpr std::uint8_t end = 255;
}  // namespace option

/// Sub-options of option 82 (RFC 3046, 3527, 3993, 5010, 5107, 6607).
namespace relay_option {
constexpr std::uint8_t circuit_id = 1;
constexpr std::uint8_t remote_id = 2;
constexpr std::uint8_t link_selection = 5;
constexpr std::uint8_t subscriber_id = 6;
constexpr std::uint8_t flags = 10;
constexpr std::uint8_t server_identifier_override = 11;
constexpr std::uint8_t virtual_subnet = 151;
}  // namespace relay_option

/// Options that PXE puts into option 43 (PXE 2.1).
namespace pxe_option {
constexpr std::uint8_t discovery_control = 6;
constexpr std::uint8_t boot_servers = 8;
constexpr std::uint8_t boot_menu = 9;
constexpr std::uint8_t menu_prompt = 10;
constexpr std::uint8_t boot_item = 71;
}  // namespace pxe_option

/// Options that iPXE puts into option 175 (iPXE's dhcp.h).
namespace ipxe_option {
constexpr std::uint8_t priority = 1;
constexpr std::uint8_t no_pxedhcp = 176;
constexpr std::uint8_t bus_id = 177;
constexpr std::uint8_t version = 235;
}  // namespace ipxe_option

}  // namespace pixie::dhcp
