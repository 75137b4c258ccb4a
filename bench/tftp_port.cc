#include "tftp_port.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace pixie::bench {
namespace {

/// The address of client 0; the others follow.
constexpr std::uint32_t first_address = 0x7F010001;

/// Asked for; without CAP_NET_ADMIN the kernel gives what net.core.rmem_max allows.
constexpr int wanted_room = 64 << 20;

std::size_t ask_for_room(int socket, int forced, int plain) {
  if (setsockopt(socket, SOL_SOCKET, forced, &wanted_room, sizeof wanted_room) != 0)
    setsockopt(socket, SOL_SOCKET, plain, &wanted_room, sizeof wanted_room);
  int room = 0;
  socklen_t length = sizeof room;
  getsockopt(socket, SOL_SOCKET, plain, &room, &length);
  return static_cast<std::size_t>(room);
}

}  // namespace

TftpPort::TftpPort(std::size_t packet_bytes)
    : socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)),
      packet_bytes_(packet_bytes),
      incoming_(batch_size * packet_bytes),
      outgoing_(batch_size) {
  const sockaddr_in any{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {}, .sin_zero = {}};
  const int on = 1;
  if (socket_ < 0 || setsockopt(socket_, IPPROTO_IP, IP_PKTINFO, &on, sizeof on) != 0 ||
      bind(socket_, reinterpret_cast<const sockaddr*>(&any), sizeof any) != 0) {
    throw std::system_error(errno, std::generic_category(), "socket");
  }
  room_ = ask_for_room(socket_, SO_RCVBUFFORCE, SO_RCVBUF);
  ask_for_room(socket_, SO_SNDBUFFORCE, SO_SNDBUF);
  received_.reserve(batch_size);
  const auto prepare = [](Slot& slot, msghdr& message) {
    message = {.msg_name = &slot.peer,
               .msg_namelen = sizeof slot.peer,
               .msg_iov = &slot.vector,
               .msg_iovlen = 1,
               .msg_control = slot.control.data(),
               .msg_controllen = slot.control.size(),
               .msg_flags = 0};
  };
  for (std::size_t i = 0; i < batch_size; ++i) {
    prepare(incoming_slots_[i], incoming_headers_[i].msg_hdr);
    prepare(outgoing_slots_[i], outgoing_headers_[i].msg_hdr);
    incoming_slots_[i].vector = {incoming_.data() + i * packet_bytes_, packet_bytes_};
    outgoing_slots_[i].vector = {outgoing_[i].data(), longest_sent};
    auto* header = CMSG_FIRSTHDR(&outgoing_headers_[i].msg_hdr);
    header->cmsg_level = IPPROTO_IP;
    header->cmsg_type = IP_PKTINFO;
    header->cmsg_len = CMSG_LEN(sizeof(in_pktinfo));
  }
}

TftpPort::~TftpPort() { close(socket_); }

std::span<const TftpPort::Received> TftpPort::receive() {
  received_.clear();
  const int count = recvmmsg(socket_, incoming_headers_.data(), batch_size, MSG_DONTWAIT, nullptr);
  for (int i = 0; i < count; ++i) {
    const auto at = static_cast<std::size_t>(i);
    auto& message = incoming_headers_[at].msg_hdr;
    in_pktinfo info;
    std::memcpy(&info, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof info);
    const wire::Bytes payload(incoming_.data() + at * packet_bytes_, incoming_headers_[at].msg_len);
    received_.push_back(
        {ntohl(info.ipi_addr.s_addr) - first_address, payload, incoming_slots_[at].peer});
    message.msg_namelen = sizeof(sockaddr_in);
    message.msg_controllen = incoming_slots_[at].control.size();
  }
  return received_;
}

void TftpPort::send(std::size_t client, const sockaddr_in& to, wire::Bytes packet) {
  auto& slot = outgoing_slots_[outgoing_count_];
  slot.peer = to;
  slot.vector.iov_len = packet.size();
  std::memcpy(outgoing_[outgoing_count_].data(), packet.data(), packet.size());
  in_pktinfo info{};
  info.ipi_spec_dst.s_addr = htonl(first_address + static_cast<std::uint32_t>(client));
  auto* header = CMSG_FIRSTHDR(&outgoing_headers_[outgoing_count_].msg_hdr);
  std::memcpy(CMSG_DATA(header), &info, sizeof info);
  if (++outgoing_count_ == batch_size) flush();
}

void TftpPort::flush() {
  const auto count = std::exchange(outgoing_count_, 0);
  std::size_t done = 0;
  while (done < count) {
    const int sent =
        sendmmsg(socket_, outgoing_headers_.data() + done, static_cast<unsigned>(count - done), 0);
    if (sent < 0 && errno == EINTR) continue;
    // What can't be sent counts as lost: it is repeated like anything else.
    done += sent > 0 ? static_cast<std::size_t>(sent) : 1;
  }
}

}  // namespace pixie::bench
