// Which of the DHCP offers that a machine got it follows, as firmware chooses: PXE 2.1, EDK2's
// NetworkPkg/UefiPxeBcDxe/PxeBcDhcp4.c and HttpBootDxe/HttpBootDhcp4.c, and iPXE's net/udp/dhcp.c,
// checked with firmware in QEMU.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "dhcp/client.h"
#include "dhcp/packet.h"
#include "doctor/finding.h"
#include "wire/address.h"
#include "wire/mac.h"

namespace pixie::doctor {

/// An answer of a server to a DISCOVER.
struct Offer {
  wire::IpAddress from;
  wire::Mac from_mac;
  /// After the DISCOVER.
  std::chrono::milliseconds after{};
  dhcp::Packet packet;

  /// A server that gives no address but says what to boot (PXE 2.1 section 2.2.1).
  bool is_proxy() const { return packet.yiaddr.is_unspecified(); }
  /// The server identifier, else where the answer came from.
  wire::IpAddress server() const;
  /// Option 67, else the header's field; printable.
  std::string boot_file() const;
};

/// How the machine goes on.
enum class Way : std::uint8_t {
  /// Not at all.
  none,
  /// Loads `file` from `server` over TFTP.
  tftp,
  /// Loads the URL `file`.
  url,
  /// Asks `server` on port 4011 for a file.
  boot_server,
};

struct Choice {
  /// Null: nobody offers an address.
  const Offer* address = nullptr;
  /// Null: nobody says what to boot.
  const Offer* boot = nullptr;
  Way way = Way::none;
  wire::IpAddress server;
  std::string file;
  /// What is wrong with the offers themselves.
  std::vector<Finding> findings;
};

/// The result refers to `offers`. Without offers there are no findings: what silence means is for
/// the caller to know.
Choice choose(std::span<const Offer> offers, const dhcp::ClientFacts& client);

/// The choice as it is after `answer` came from port 4011.
Choice follow(const Choice& asked, const Offer& answer);

/// What the machine loads, as a URL; for the ways `tftp` and `url`.
std::string boot_url(const Choice& choice);

/// The finding for silence on port 4011.
Finding silent_boot_server(const Choice& choice);

}  // namespace pixie::doctor
