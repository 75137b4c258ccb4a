#include "net/udp.h"

#include <netinet/udp.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace pixie::net {
namespace {

wire::IpAddress from_v4(const in_addr& address) {
  std::uint8_t four[4];
  std::memcpy(four, &address, sizeof four);
  return wire::IpAddress::v4(four[0], four[1], four[2], four[3]);
}

wire::IpAddress from_v6(const in6_addr& address) {
  wire::IpAddress result;
  std::memcpy(result.octets.data(), &address, sizeof address);
  return result;
}

in_addr to_v4(const wire::IpAddress& address) {
  in_addr result;
  std::memcpy(&result, address.octets.data() + 12, sizeof result);
  return result;
}

in6_addr to_v6(const wire::IpAddress& address) {
  in6_addr result;
  std::memcpy(&result, address.octets.data(), sizeof result);
  return result;
}

template <class T>
T control_data(const cmsghdr& header) {
  T value;
  std::memcpy(&value, CMSG_DATA(&header), sizeof value);
  return value;
}

void read_packet_info(msghdr& message, Datagram& datagram) {
  for (auto* header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_PKTINFO) {
      const auto info = control_data<in_pktinfo>(*header);
      // ipi_spec_dst is the address to answer from, also when the packet was broadcast (ip(7)).
      datagram.route.local = from_v4(info.ipi_spec_dst);
      datagram.route.interface = static_cast<std::uint32_t>(info.ipi_ifindex);
      datagram.to_many = info.ipi_addr.s_addr != info.ipi_spec_dst.s_addr;
    } else if (header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_PKTINFO) {
      const auto info = control_data<in6_pktinfo>(*header);
      const auto local = from_v6(info.ipi6_addr);
      // An IPv4 packet on an IPv6 socket brings both forms; IP_PKTINFO tells more.
      if (local.is_v4()) continue;
      datagram.route.local = local;
      datagram.route.interface = info.ipi6_ifindex;
      datagram.to_many = info.ipi6_addr.s6_addr[0] == 0xff;
    }
  }
}

bool is_limited_broadcast(const wire::IpAddress& address) {
  return address == wire::IpAddress::v4(255, 255, 255, 255);
}

/// Appends a control message; the room behind `msg_control` must suffice and be zero.
template <class T>
void add_control(msghdr& message, int level, int type, const T& value) {
  auto* header = reinterpret_cast<cmsghdr*>(static_cast<std::byte*>(message.msg_control) +
                                            message.msg_controllen);
  header->cmsg_level = level;
  header->cmsg_type = type;
  header->cmsg_len = CMSG_LEN(sizeof value);
  std::memcpy(CMSG_DATA(header), &value, sizeof value);
  message.msg_controllen += CMSG_SPACE(sizeof value);
}

}  // namespace

socklen_t to_socket_address(const wire::Endpoint& endpoint, bool ipv6_socket, std::uint32_t scope,
                            sockaddr_storage& out) {
  if (!ipv6_socket) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(endpoint.port);
    address.sin_addr = to_v4(endpoint.address);
    std::memcpy(&out, &address, sizeof address);
    return sizeof address;
  }
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(endpoint.port);
  address.sin6_addr = to_v6(endpoint.address);
  if (endpoint.address.is_link_local_v6()) address.sin6_scope_id = scope;
  std::memcpy(&out, &address, sizeof address);
  return sizeof address;
}

wire::Endpoint from_socket_address(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, &address, sizeof v4);
    return {from_v4(v4.sin_addr), ntohs(v4.sin_port)};
  }
  sockaddr_in6 v6;
  std::memcpy(&v6, &address, sizeof v6);
  return {from_v6(v6.sin6_addr), ntohs(v6.sin6_port)};
}

UdpReceiver::UdpReceiver() : slots_(batch_size), headers_(batch_size) {
  datagrams_.reserve(batch_size);
}

std::span<const Datagram> UdpReceiver::receive(int socket) {
  for (std::size_t i = 0; i < batch_size; ++i) {
    auto& slot = slots_[i];
    slot.vector = {slot.payload.data(), slot.payload.size()};
    headers_[i].msg_hdr = {.msg_name = &slot.peer,
                           .msg_namelen = sizeof slot.peer,
                           .msg_iov = &slot.vector,
                           .msg_iovlen = 1,
                           .msg_control = slot.control.data(),
                           .msg_controllen = slot.control.size(),
                           .msg_flags = 0};
  }
  datagrams_.clear();
  const int count = recvmmsg(socket, headers_.data(), batch_size, MSG_DONTWAIT, nullptr);
  for (int i = 0; i < count; ++i) {
    const auto index = static_cast<std::size_t>(i);
    Datagram datagram{.route = {.peer = from_socket_address(slots_[index].peer), .local = {}},
                      .payload = wire::Bytes(slots_[index].payload).first(headers_[index].msg_len)};
    read_packet_info(headers_[index].msg_hdr, datagram);
    datagrams_.push_back(datagram);
  }
  return datagrams_;
}

UdpSender::UdpSender(bool ipv6_socket) : ipv6_socket_(ipv6_socket) {}

void UdpSender::add(const Route& route, std::span<iovec> parts, std::uint16_t segment_size) {
  auto& slot = slots_[count_];
  auto& message = headers_[count_].msg_hdr;
  message = {};
  message.msg_name = &slot.peer;
  message.msg_namelen = to_socket_address(route.peer, ipv6_socket_, route.interface, slot.peer);
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  message.msg_control = slot.control.data();
  slot.control.fill(std::byte{0});
  // An unknown local address is left to the routing table; the interface always, but for addresses that mean
  // nothing without it.
  if (ipv6_socket_ && !route.local.is_v4() && !route.local.is_unspecified()) {
    const auto scope = route.local.is_link_local_v6() ? route.interface : 0;
    add_control(message, IPPROTO_IPV6, IPV6_PKTINFO, in6_pktinfo{to_v6(route.local), scope});
  } else if (!route.local.is_unspecified()) {
    in_pktinfo info{};
    info.ipi_spec_dst = to_v4(route.local);
    // Not routed: the interface must be named.
    if (is_limited_broadcast(route.peer.address))
      info.ipi_ifindex = static_cast<int>(route.interface);
    add_control(message, IPPROTO_IP, IP_PKTINFO, info);
  }
  if (segment_size > 0) add_control(message, IPPROTO_UDP, UDP_SEGMENT, segment_size);
  ++count_;
}

UdpSender::Outcome UdpSender::flush(int socket) {
  const auto count = std::exchange(count_, 0);
  std::size_t done = 0;
  while (done < count) {
    const int sent =
        sendmmsg(socket, headers_.data() + done, static_cast<unsigned>(count - done), MSG_DONTWAIT);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return {done, errno};
    done += static_cast<std::size_t>(sent);
  }
  return {done, 0};
}

}  // namespace pixie::net
