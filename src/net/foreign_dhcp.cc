#include "net/foreign_dhcp.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <random>

#include <fmt/format.h>

#include "dhcp/option.h"
#include "net/frames.h"
#include "net/packet_socket.h"
#include "net/socket.h"
#include "net/timer_wheel.h"

namespace pixie::net {
namespace {

constexpr std::size_t answers_limit = 64;
constexpr std::size_t packet_limit = 65'535;

Expected<void> broadcast(const PacketSocket& socket, const Interface& interface,
                         const dhcp::Packet& request) {
  std::array<std::byte, dhcp::max_message_size> message_buffer;
  const auto message = dhcp::write(message_buffer, request, message_buffer.size());
  if (!message) return std::unexpected(message.error());
  std::array<std::byte, udp4_headers_size + dhcp::max_message_size> packet_buffer;
  const auto packet =
      write_udp4(packet_buffer, {wire::IpAddress::v4(0, 0, 0, 0), dhcp::client_port},
                 {wire::IpAddress::v4(255, 255, 255, 255), dhcp::server_port}, *message);
  if (!socket.send(broadcast_mac, packet)) {
    return fail(fmt::format("can't send on {}: {}", interface.name, std::strerror(errno)));
  }
  return {};
}

std::optional<DhcpAnswer> parse_answer(const Frame& frame, const dhcp::Packet& request) {
  const auto udp = parse_udp4(frame.payload);
  if (!udp || udp->to.port != dhcp::client_port) return std::nullopt;
  auto packet = dhcp::parse(udp->payload);
  if (!packet || !dhcp::answers(*packet, request)) return std::nullopt;
  const auto identifier = packet->options.address(dhcp::option::server_identifier);
  return DhcpAnswer{.server_identifier = identifier.value_or(udp->from.address),
                    .source = udp->from,
                    .source_mac = frame.source,
                    .packet = std::move(*packet)};
}

}  // namespace

dhcp::Packet unknown_discover() {
  std::random_device random;
  dhcp::Packet discover;
  discover.xid = random();
  discover.flags = dhcp::Packet::broadcast_flag;
  std::generate_n(discover.chaddr.begin(), discover.hlen,
                  [&] { return static_cast<std::uint8_t>(random()); });
  // Locally administered, and not of a group (IEEE 802).
  discover.chaddr[0] = static_cast<std::uint8_t>((discover.chaddr[0] & 0xfc) | 0x02);
  discover.set_message_type(dhcp::MessageType::discover);
  constexpr std::array wanted{std::byte{dhcp::option::subnet_mask}, std::byte{dhcp::option::router},
                              std::byte{dhcp::option::dns}};
  discover.options.set(dhcp::option::parameter_list, wanted);
  return discover;
}

Expected<std::vector<DhcpAnswer>> ask_dhcp_servers(const Interface& interface,
                                                   const dhcp::Packet& request,
                                                   std::chrono::milliseconds wait) {
  // Promiscuous: some servers answer to chaddr, whatever the flag says.
  const auto socket = PacketSocket::open(
      interface,
      {.ethertype = ethertype::ipv4, .udp_ports = {dhcp::client_port}, .promiscuous = true});
  if (!socket) return std::unexpected(socket.error());
  const auto begin = Clock::now();
  if (const auto sent = broadcast(*socket, interface, request); !sent) {
    return std::unexpected(sent.error());
  }
  std::vector<DhcpAnswer> answers;
  std::vector<std::byte> buffer(packet_limit);
  while (wait_until(socket->number(), begin + wait)) {
    const auto frame = socket->receive(buffer);
    if (!frame || answers.size() == answers_limit) continue;
    auto answer = parse_answer(*frame, request);
    if (!answer) continue;
    answer->took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin);
    answers.push_back(std::move(*answer));
  }
  return answers;
}

Expected<std::vector<DhcpAnswer>> find_dhcp_servers(const Interface& interface,
                                                    std::chrono::milliseconds wait) {
  auto answers = ask_dhcp_servers(interface, unknown_discover(), wait);
  if (!answers) return answers;
  std::erase_if(*answers, [](const auto& answer) {
    return answer.packet.message_type() != dhcp::MessageType::offer ||
           answer.packet.yiaddr.is_unspecified();
  });
  return answers;
}

}  // namespace pixie::net
