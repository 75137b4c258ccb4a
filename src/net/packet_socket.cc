#include "net/packet_socket.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "net/frames.h"

namespace pixie::net {
namespace {

constexpr std::uint32_t whole_packet = 0xffffffff;

/// A classic BPF program (the kernel's Documentation/networking/filter.rst); the packet begins with its IP header.
std::vector<sock_filter> port_filter(std::span<const std::uint16_t> ports) {
  constexpr std::uint32_t protocol_at = 9;
  constexpr std::uint32_t fragment_at = 6;
  constexpr std::uint32_t fragment_bits = 0x3fff;
  const auto drop_unless = [](sock_filter test) {
    return std::array{test, sock_filter(BPF_STMT(BPF_RET | BPF_K, 0))};
  };
  std::vector<sock_filter> program;
  const auto append = [&](const auto& instructions) {
    program.insert(program.end(), std::begin(instructions), std::end(instructions));
  };
  const auto take = sock_filter(BPF_STMT(BPF_RET | BPF_K, whole_packet));

  append(std::array{sock_filter(BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                                         static_cast<std::uint32_t>(SKF_AD_OFF + SKF_AD_PROTOCOL))),
                    sock_filter(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ethertype::ipv4, 1, 0)), take,
                    sock_filter(BPF_STMT(BPF_LD | BPF_B | BPF_ABS, protocol_at))});
  append(drop_unless(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ip_protocol::udp, 1, 0)));
  append(std::array{sock_filter(BPF_STMT(BPF_LD | BPF_H | BPF_ABS, fragment_at))});
  append(drop_unless(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, fragment_bits, 0, 1)));
  // X: the size of the IP header; then the ports from and to.
  append(std::array{sock_filter(BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0))});
  for (const std::uint32_t port_at : {0U, 2U}) {
    append(std::array{sock_filter(BPF_STMT(BPF_LD | BPF_H | BPF_IND, port_at))});
    for (const auto port : ports) {
      append(std::array{sock_filter(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, port, 0, 1)), take});
    }
  }
  append(std::array{sock_filter(BPF_STMT(BPF_RET | BPF_K, 0))});
  return program;
}

template <class T>
bool set_option(int socket, int level, int option, const T& value) {
  return setsockopt(socket, level, option, &value, sizeof value) == 0;
}

bool attach(int socket, std::span<const std::uint16_t> ports) {
  if (ports.empty()) return true;
  auto program = port_filter(ports);
  const sock_fprog attached{static_cast<unsigned short>(program.size()), program.data()};
  return set_option(socket, SOL_SOCKET, SO_ATTACH_FILTER, attached);
}

bool hear_everybody(int socket, std::uint32_t interface) {
  packet_mreq membership{};
  membership.mr_ifindex = static_cast<int>(interface);
  membership.mr_type = PACKET_MR_PROMISC;
  return set_option(socket, SOL_PACKET, PACKET_ADD_MEMBERSHIP, membership);
}

bool bind_to(int socket, std::uint32_t interface, std::uint16_t ethertype) {
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ethertype);
  address.sll_ifindex = static_cast<int>(interface);
  return bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

}  // namespace

std::string explain_raw_socket(std::string_view what, int error) {
  if (error != EPERM && error != EACCES) return fmt::format("{}: {}", what, std::strerror(error));
  return fmt::format(
      "{}: that needs root or the capability CAP_NET_RAW. Start pixie with sudo, or once: sudo "
      "setcap cap_net_raw,cap_net_bind_service=+ep $(command -v pixie)",
      what);
}

Expected<PacketSocket> PacketSocket::open(const Interface& interface, const Capture& capture) {
  // Without a protocol it brings nothing until it is bound, when the filter is there.
  tree::Descriptor socket(::socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const bool ready = socket && attach(socket.number(), capture.udp_ports) &&
                     (!capture.promiscuous || hear_everybody(socket.number(), interface.index)) &&
                     bind_to(socket.number(), interface.index, capture.ethertype);
  if (!ready) {
    return fail(
        explain_raw_socket(fmt::format("can't open a packet socket on {}", interface.name), errno));
  }
  return PacketSocket(std::move(socket), capture, interface.index);
}

bool PacketSocket::follow(const Interface& interface) {
  if (!bind_to(number(), interface.index, ethertype_)) return false;
  interface_ = interface.index;
  return true;
}

bool PacketSocket::send(const wire::Mac& to, wire::Bytes packet) const {
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ethertype_);
  address.sll_ifindex = static_cast<int>(interface_);
  address.sll_halen = static_cast<std::uint8_t>(to.octets.size());
  std::ranges::copy(to.octets, address.sll_addr);
  return sendto(number(), packet.data(), packet.size(), MSG_DONTWAIT,
                reinterpret_cast<const sockaddr*>(&address), sizeof address) >= 0;
}

std::optional<Frame> PacketSocket::receive(std::span<std::byte> buffer) const {
  for (;;) {
    sockaddr_ll from{};
    socklen_t length = sizeof from;
    const auto size = recvfrom(number(), buffer.data(), buffer.size(), MSG_DONTWAIT,
                               reinterpret_cast<sockaddr*>(&from), &length);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return std::nullopt;
    const bool outgoing = from.sll_pkttype == PACKET_OUTGOING;
    if (outgoing && !outgoing_) continue;
    Frame frame{.source = {},
                .ethertype = ntohs(from.sll_protocol),
                .outgoing = outgoing,
                .payload = wire::Bytes(buffer).first(static_cast<std::size_t>(size))};
    if (from.sll_halen == frame.source.octets.size()) {
      std::copy_n(from.sll_addr, frame.source.octets.size(), frame.source.octets.begin());
    }
    return frame;
  }
}

}  // namespace pixie::net
