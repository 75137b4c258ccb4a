// What a reply must hold so that a boot client loads its file: a strategy for each kind of firmware.
//
// - BIOS (PXE 2.1): option 60 `PXEClient` and 43 with discovery control 8, "use the file in this offer now".
// - UEFI (EDK2, UefiPxeBcDxe): a proxy's offer without option 43, which EDK2 before April 2017 drops; it then asks
//   again on port 4011 and takes the file from there. In server mode without option 60 either: with it, EDK2 would ask
//   4011 needlessly.
// - UEFI HTTP Boot (UEFI 2.10 section 24.7): option 60 `HTTPClient` and an absolute URL with an IP address.
// - iPXE: the URL of the script, and option 60, without which it drops a proxy's offer (iPXE, net/udp/dhcp.c).
// - Raspberry Pi's ROM: a boot menu with the text that it looks for (43.9, 43.10); it knows its files' names itself.
//
// The alternative form swaps what firmware disagrees about: option 43 for BIOS and UEFI, the header field for HTTP.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "dhcp/client.h"
#include "dhcp/history.h"
#include "dhcp/packet.h"
#include "wire/address.h"

namespace pixie::dhcp {

/// Where pixie's files are, as the client reaches them.
struct BootServer {
  wire::IpAddress address;
  std::uint16_t http_port = 80;
};

/// Whose reply it is: that of the server which gives the address, or one beside such a server.
enum class Role : std::uint8_t { address_server, proxy };

/// The URL or file name that the client is told, by what it is and what it is to be given; empty: nothing, but for
/// Raspberry Pis. `rom` is the name of the ROM that fits the client; empty if there is none.
std::string boot_file(const ClientFacts& client, BootAnswer::Give give, std::string_view rom,
                      const BootServer& server);

/// Adds siaddr, sname, file and options to a reply.
void add_boot_options(Packet& reply, const ClientFacts& client, std::string_view file, Form form,
                      Role role, const BootServer& server);

}  // namespace pixie::dhcp
