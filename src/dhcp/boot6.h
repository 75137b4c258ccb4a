// What pixie answers to a DHCPv6 message, and to which it is silent.
//
// Server mode gives addresses. Proxy mode leaves them to the network's own server, and tells boot
// clients their file beside it:
// - UEFI PXE (EDK2, UefiPxeBcDxe/PxeBcDhcp6.c) takes an advertisement without IA and with the vendor
//   class `PXEClient` as a proxy's. When it has its address, it sends its request, without IA, from
//   port 4011 to port 4011 of the address within the advertised URL, and takes the file from the
//   reply (which net/dhcp6_server sends again: it listens late). In server mode the same vendor class
//   would make it ask 4011 needlessly.
// - UEFI HTTP Boot (HttpBootDxe/HttpBootDhcp6.c) takes an advertisement without IA and with the
//   vendor class `HTTPClient` as a proxy's, and the URL from it, without a further request.
// - iPXE (net/udp/dhcpv6.c) refuses advertisements without address: only a stateless network lets a
//   proxy reach it.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "dhcp/client6.h"
#include "dhcp/leases6.h"
#include "dhcp/packet6.h"
#include "wire/address.h"

namespace pixie::dhcp {

/// What pixie is on the interface that a message came in by.
struct Server6 {
  std::vector<std::byte> duid;
  wire::IpAddress address;
  std::uint16_t http_port = 80;
  std::uint16_t tftp_port = 69;
  /// Told in server mode to those who ask for them.
  std::vector<wire::IpAddress> dns_servers;
  /// Whether a solicit that allows it is answered by a reply at once (RFC 8415 section 18.3.1).
  /// Only where no other server gives addresses.
  bool rapid_commit = false;
};

/// What the client is to boot: a URL, or nothing (empty).
struct Decision6 {
  std::string url;
};

/// `tftp://[ADDRESS]/PATH`, or http for UEFI HTTP Boot and iPXE; with the port where it's not the
/// scheme's own. `path` has no leading slash and is percent-encoded.
std::string boot_url6(const Server6& server, Firmware6 firmware, std::string_view path);

/// Whether the firmware takes such a URL. EDK2's PXE reads only `tftp://[ADDRESS]/…`, without a
/// port and without a name (PxeBcExtractBootFileUrl).
bool takes_url(Firmware6 firmware, std::string_view url);

enum class Silence6 : std::uint8_t {
  not_of_a_client,
  broken,
  no_client_identifier,
  needless_server_identifier,
  other_server,
  not_a_boot_client,
  nothing_to_offer,
  url_not_taken,
  addresses_from_elsewhere,
  nothing_to_confirm
};

/// One sentence for logs.
std::string_view text(Silence6 reason);

struct Reply6 {
  /// To where the message came from: its address and port, from the port that it came to.
  Packet6 packet;
  /// Lines to be written to the journal of leases before the reply is sent.
  std::string journal;
};

using Answer6 = std::expected<Reply6, Silence6>;

/// `leases` are those of the client's link in server mode, null in proxy mode. `packet` came to
/// port 547, or to port 4011: the two are answered alike.
Answer6 answer(const Packet6& packet, const ClientFacts6& client, const Server6& server,
               const Decision6& decision, Leases6* leases, Leases6::Time now);

}  // namespace pixie::dhcp
