// The bytes of DHCPv4 messages (RFC 2131 section 2), as servers and clients write them:
//
//   op:u8 htype:u8 hlen:u8 hops:u8 xid:u32 secs:u16 flags:u16
//   ciaddr:u32 yiaddr:u32 siaddr:u32 giaddr:u32 chaddr:16 sname:64 file:128
//   magic cookie 63 82 53 63, then a field of options
//
// Option 52 tells that sname, file or both hold options, too. It belongs to how a message is
// written, not to what it says: parse() resolves it, write() makes it where it is needed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "dhcp/options.h"
#include "wire/address.h"
#include "wire/cursor.h"
#include "wire/error.h"
#include "wire/mac.h"

namespace pixie::dhcp {

/// UDP ports (RFC 2131 section 4.1; PXE 2.1 section 2.2.3).
inline constexpr std::uint16_t server_port = 67;
inline constexpr std::uint16_t client_port = 68;
inline constexpr std::uint16_t pxe_port = 4011;

/// Values of option 53.
enum class MessageType : std::uint8_t {
  discover = 1,
  offer,
  request,
  decline,
  ack,
  nak,
  release,
  inform
};

/// A message; the default is a request of an Ethernet client that says nothing.
struct Packet {
  enum Op : std::uint8_t { boot_request = 1, boot_reply = 2 };
  static constexpr std::uint8_t ethernet = 1;
  static constexpr std::uint16_t broadcast_flag = 0x8000;

  Op op = boot_request;
  std::uint8_t htype = ethernet;
  std::uint8_t hlen = 6;
  std::uint8_t hops = 0;
  std::uint32_t xid = 0;
  /// Seconds since the client began.
  std::uint16_t secs = 0;
  std::uint16_t flags = 0;
  /// IPv4 addresses, 0.0.0.0 where there is none.
  wire::IpAddress ciaddr = wire::IpAddress::v4(0, 0, 0, 0);
  wire::IpAddress yiaddr = ciaddr;
  wire::IpAddress siaddr = ciaddr;
  wire::IpAddress giaddr = ciaddr;
  std::array<std::uint8_t, 16> chaddr{};
  /// Texts without NUL, at most 63 and 127 bytes; empty where the field holds options.
  std::string sname;
  std::string file;
  Options options;

  bool operator==(const Packet&) const = default;

  /// Nothing for BOOTP, and for a type that is not in the enumeration.
  std::optional<MessageType> message_type() const;
  void set_message_type(MessageType type);
  /// The client's Ethernet address; nothing for other hardware.
  std::optional<wire::Mac> mac() const;
};

/// Parses one message. Lenient where real clients need it: the options may lack their end, what
/// follows the end is ignored, texts may lack their NUL (the last byte is lost then), and the
/// message may be shorter than BOOTP's minimum.
Expected<Packet> parse(wire::Bytes message);

/// Whether a server says `answer` to this client's `question`.
inline bool answers(const Packet& answer, const Packet& question) {
  return answer.op == Packet::boot_reply && answer.xid == question.xid &&
         answer.chaddr == question.chaddr;
}

/// Sizes of messages in bytes, without IP and UDP headers (28 bytes).
/// Relays and clients drop shorter ones (RFC 1542 section 2.1).
constexpr std::size_t min_message_size = 300;
/// What every client takes: 576 bytes with headers (RFC 2131 section 2).
constexpr std::size_t default_message_size = 548;
/// What an Ethernet frame carries.
constexpr std::size_t max_message_size = 1472;

/// The largest message to answer `request` with, by its option 57, which counts the headers: from
/// default_message_size to max_message_size. (EDK2's requests ask for 65280, which is 255 with its
/// bytes swapped: no reason to send fragments.)
std::size_t reply_size_limit(const Packet& request);

/// Writes `packet` into `buffer`, at most `limit` bytes; returns the part that was written. Options
/// stand in their order, padded to min_message_size. Where they don't fit, file and sname take the
/// rest if they are unused (option 52): whole options as far as possible, because not every client
/// joins parts (RFC 3396). Fails if there is no room at all, if sname or file is too long or has a
/// NUL, if hlen exceeds 16, or if an address is an IPv6 one. An option 52 of the packet is ignored.
Expected<wire::Bytes> write(std::span<std::byte> buffer, const Packet& packet,
                            std::size_t limit = default_message_size);

}  // namespace pixie::dhcp
