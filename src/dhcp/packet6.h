// The bytes of DHCPv6 messages (RFC 8415 sections 8 and 9), alone or in the messages of relays:
//
//   message = type:u8 transaction-id:u24 options
//   relayed = 12|13 hop-count:u8 link-address:16 peer-address:16 options    relay-forw, relay-repl
//
// A relayed message stands in option 9 of the relay's, and may itself be one of another relay.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "dhcp/options6.h"
#include "wire/address.h"
#include "wire/cursor.h"
#include "wire/error.h"

namespace pixie::dhcp {

/// Of clients and servers (RFC 8415 section 7.3); any other number may come from the network.
enum class MessageType6 : std::uint8_t {
  solicit = 1,
  advertise,
  request,
  confirm,
  renew,
  rebind,
  reply,
  release,
  decline,
  reconfigure,
  information_request
};

/// Whether servers send it, so that relays carry it in relay-repl instead of relay-forw.
bool is_from_server(MessageType6 type);

/// What one relay said around a message; without option 9, which holds the message itself.
struct Relay6 {
  std::uint8_t hop_count = 0;
  /// An address of the link that the message came from, or `::`.
  wire::IpAddress link_address;
  /// Who sent the message to the relay.
  wire::IpAddress peer_address;
  Options6 options;

  bool operator==(const Relay6&) const = default;
};

/// A relay passes messages on up to hop count 8 (HOP_COUNT_LIMIT, RFC 8415 section 7.6), the first
/// relay writes 0.
constexpr std::size_t max_relays = 9;

struct Packet6 {
  MessageType6 type = MessageType6::solicit;
  /// 24 bits.
  std::uint32_t transaction_id = 0;
  Options6 options;
  /// From the one next to the server to the one next to the client; empty on the same link.
  std::vector<Relay6> relays;

  bool operator==(const Packet6&) const = default;

  /// The client's own address: `source`, where the datagram came from, or what the relay next to
  /// the client says.
  wire::IpAddress client_address(const wire::IpAddress& source) const;
  /// An address of the client's link by the relay next to the client that knows one (RFC 8415
  /// section 13.1); `::` if there is none: the link is that of the interface then.
  wire::IpAddress link_address() const;
};

/// Parses one datagram. Fails if it is cut off, if relays nest too deep, if a relay's message holds
/// no message or more than one, or if it holds one of the other direction.
Expected<Packet6> parse6(wire::Bytes datagram);

/// What an Ethernet frame of 1500 bytes carries after the IPv6 and UDP headers. Written for
/// replies: EDK2 drops larger ones than 1472 bytes (HttpBootDxe), others may not reassemble
/// fragments.
constexpr std::size_t max_message_size6 = 1452;

/// Writes `packet` into `buffer`; returns the part that was written. Fails if it doesn't fit.
Expected<wire::Bytes> write6(std::span<std::byte> buffer, const Packet6& packet);

}  // namespace pixie::dhcp
