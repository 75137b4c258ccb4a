// What a DHCPv4 message tells of the machine that sent it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dhcp/architecture.h"
#include "dhcp/packet.h"
#include "wire/address.h"
#include "wire/mac.h"

namespace pixie::dhcp {

/// What asks. `none` is no boot client (an operating system, a phone), `other` is a boot client of
/// another kind, or of one that it doesn't tell.
enum class Firmware : std::uint8_t {
  none,
  bios,
  uefi,
  uefi_http,
  ipxe,
  uboot,
  raspberry_pi,
  other
};

/// `UEFI HTTP`, `iPXE`, `no boot client`, …: for people.
std::string_view firmware_name(Firmware firmware);

/// How the message came through a relay agent.
struct RelayInfo {
  /// 0.0.0.0 if no relay agent routed it; a switch may add option 82 all the same.
  wire::IpAddress giaddr = wire::IpAddress::v4(0, 0, 0, 0);
  /// As text if they are printable, otherwise as hexadecimal digits; empty if absent.
  std::string circuit_id;
  std::string remote_id;

  bool operator==(const RelayInfo&) const = default;
};

/// All texts are printable ASCII, fit for logs: what isn't is escaped (see printable()). A fact
/// that the message doesn't tell is empty.
struct ClientFacts {
  Firmware firmware = Firmware::none;
  bool is_ipxe = false;
  /// Whether it boots from URLs: the answer must carry option 60 `HTTPClient` (UEFI 2.10 section
  /// 24.7).
  bool wants_url = false;
  /// In the client's order of preference.
  std::vector<std::uint16_t> architectures;
  /// `2.0.0`, as iPXE tells it; a build's own changes can't be known.
  std::string ipxe_version;

  std::optional<wire::Mac> mac;
  /// `11223344-5566-7788-99aa-bbccddeeff00`, as the firmware's tables and operating systems show
  /// it.
  std::string uuid;
  /// Option 97 as it came, whatever its size, to be echoed.
  std::vector<std::byte> client_machine;
  /// Option 61 as it came.
  std::vector<std::byte> client_identifier;
  std::string vendor_class;
  std::string host_name;
  RelayInfo relay;
  /// The client can receive broadcasts only, until it has its address (RFC 2131 section 4.1).
  bool wants_broadcast = false;

  bool is_boot_client() const { return firmware != Firmware::none; }
};

ClientFacts describe(const Packet& packet);

}  // namespace pixie::dhcp
