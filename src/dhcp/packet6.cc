#include "dhcp/packet6.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <ranges>
#include <utility>

#include <fmt/format.h>

#include "dhcp/option6.h"

namespace pixie::dhcp {
namespace {

constexpr std::uint8_t relay_forward = 12;
constexpr std::uint8_t relay_reply = 13;
constexpr std::size_t header_size = 4;
constexpr std::size_t relay_header_size = 34;
constexpr std::size_t option_header_size = 4;

wire::IpAddress read_address(wire::Reader& in) {
  wire::IpAddress address;
  const auto bytes = in.bytes(address.octets.size());
  std::ranges::transform(bytes, address.octets.begin(), std::to_integer<std::uint8_t>);
  return address;
}

/// Takes option 9 out of a relay's options: what is left, and the message.
struct Unwrapped {
  Options6 options;
  std::optional<wire::Bytes> message;
};

Expected<Unwrapped> unwrap(wire::Bytes bytes) {
  Unwrapped result;
  wire::Reader in(bytes);
  while (!in.at_end()) {
    const auto code = in.u16();
    const auto value = in.bytes(in.u16());
    if (!in.ok()) return fail("DHCPv6 relay message: expected whole options");
    if (code != option6::relay_message) {
      result.options.add(code, value);
    } else if (std::exchange(result.message, value)) {
      return fail("DHCPv6 relay message: expected one relayed message, not several");
    }
  }
  if (!result.message) return fail("DHCPv6 relay message: expected a relayed message (option 9)");
  return result;
}

Expected<Packet6> parse_message(wire::Reader in) {
  Packet6 packet;
  const auto header = in.u32();
  if (!in.ok()) return fail("DHCPv6 message: expected at least 4 bytes");
  packet.type = static_cast<MessageType6>(header >> 24);
  packet.transaction_id = header & 0xffffff;
  auto options = Options6::parse(in.rest());
  if (!options) return std::unexpected(options.error());
  packet.options = std::move(*options);
  return packet;
}

bool is_relayed(wire::Bytes message) {
  if (message.empty()) return false;
  const auto type = std::to_integer<std::uint8_t>(message.front());
  return type == relay_forward || type == relay_reply;
}

/// The sizes of the messages from the outermost relay's to the client's or server's own.
std::vector<std::size_t> message_sizes(const Packet6& packet) {
  std::vector<std::size_t> sizes{header_size + packet.options.encoded_size()};
  for (const auto& relay : packet.relays | std::views::reverse) {
    sizes.push_back(relay_header_size + relay.options.encoded_size() + option_header_size +
                    sizes.back());
  }
  std::ranges::reverse(sizes);
  return sizes;
}

}  // namespace

bool is_from_server(MessageType6 type) {
  return type == MessageType6::advertise || type == MessageType6::reply ||
         type == MessageType6::reconfigure;
}

wire::IpAddress Packet6::client_address(const wire::IpAddress& source) const {
  return relays.empty() ? source : relays.back().peer_address;
}

wire::IpAddress Packet6::link_address() const {
  for (const auto& relay : relays | std::views::reverse) {
    if (!relay.link_address.is_unspecified()) return relay.link_address;
  }
  return {};
}

Expected<Packet6> parse6(wire::Bytes datagram) {
  std::vector<Relay6> relays;
  auto message = datagram;
  bool forward = false;
  bool reply = false;
  while (is_relayed(message)) {
    if (relays.size() == max_relays) {
      return fail(fmt::format("DHCPv6 relay message: expected at most {} relays", max_relays));
    }
    wire::Reader in(message);
    (in.u8() == relay_forward ? forward : reply) = true;
    Relay6 relay;
    relay.hop_count = in.u8();
    relay.link_address = read_address(in);
    relay.peer_address = read_address(in);
    if (!in.ok()) return fail("DHCPv6 relay message: expected at least 34 bytes");
    auto inside = unwrap(in.rest());
    if (!inside) return std::unexpected(inside.error());
    relay.options = std::move(inside->options);
    relays.push_back(std::move(relay));
    message = *inside->message;
  }
  auto packet = parse_message(wire::Reader(message));
  if (!packet) return packet;
  if (is_from_server(packet->type) ? forward : reply) {
    return fail(
        "DHCPv6 relay message: expected a client's message in relay-forw, a server's in "
        "relay-repl");
  }
  packet->relays = std::move(relays);
  return packet;
}

Expected<wire::Bytes> write6(std::span<std::byte> buffer, const Packet6& packet) {
  const auto sizes = message_sizes(packet);
  if (sizes.front() >
      std::min<std::size_t>(buffer.size(), std::numeric_limits<std::uint16_t>::max())) {
    return fail(
        fmt::format("DHCPv6 message: {} bytes don't fit in {}", sizes.front(), buffer.size()));
  }
  wire::Writer out(buffer);
  for (std::size_t i = 0; i < packet.relays.size(); ++i) {
    const auto& relay = packet.relays[i];
    out.u8(is_from_server(packet.type) ? relay_reply : relay_forward);
    out.u8(relay.hop_count);
    out.bytes(std::as_bytes(std::span(relay.link_address.octets)));
    out.bytes(std::as_bytes(std::span(relay.peer_address.octets)));
    relay.options.write(out);
    out.u16(option6::relay_message);
    out.u16(static_cast<std::uint16_t>(sizes[i + 1]));
  }
  out.u32(static_cast<std::uint32_t>(packet.type) << 24 | (packet.transaction_id & 0xffffff));
  packet.options.write(out);
  return out.written();
}

}  // namespace pixie::dhcp
