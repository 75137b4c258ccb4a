// Codes of DHCPv6 options and status codes (IANA registry "Dynamic Host Configuration Protocol for
// IPv6"), as far as network boot meets them.
#pragma once

#include <cstdint>

namespace pixie::dhcp {

namespace option6 {
constexpr std::uint16_t client_identifier = 1;
constexpr std::uint16_t server_identifier = 2;
constexpr std::uint16_t ia_na = 3;
constexpr std::uint16_t ia_ta = 4;
constexpr std::uint16_t ia_address = 5;
constexpr std::uint16_t option_request = 6;
constexpr std::uint16_t preference = 7;
constexpr std::uint16_t elapsed_time = 8;
constexpr std::uint16_t relay_message = 9;
constexpr std::uint16_t status_code = 13;
constexpr std::uint16_t rapid_commit = 14;
constexpr std::uint16_t user_class = 15;
constexpr std::uint16_t vendor_class = 16;
constexpr std::uint16_t interface_id = 18;
constexpr std::uint16_t dns_servers = 23;
constexpr std::uint16_t ia_pd = 25;
/// RFC 5970: 59 to 62. EDK2 reads 60, the boot file's parameters, as its size: never send it.
constexpr std::uint16_t bootfile_url = 59;
constexpr std::uint16_t bootfile_parameters = 60;
constexpr std::uint16_t client_architecture = 61;
constexpr std::uint16_t client_interface = 62;
/// RFC 6939: the client's link-layer address, told by the first relay.
constexpr std::uint16_t client_link_layer = 79;
}  // namespace option6

/// Values of option 13 (RFC 8415 section 21.13).
namespace status6 {
constexpr std::uint16_t success = 0;
constexpr std::uint16_t no_addresses_available = 2;
constexpr std::uint16_t no_binding = 3;
constexpr std::uint16_t not_on_link = 4;
constexpr std::uint16_t no_prefix_available = 6;
}  // namespace status6

}  // namespace pixie::dhcp
