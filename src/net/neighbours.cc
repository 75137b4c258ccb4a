#include "net/neighbours.h"

#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace pixie::net {
namespace {

/// States in which the kernel would send to the Ethernet address (linux/neighbour.h).
constexpr unsigned usable = NUD_PERMANENT | NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE;

/// A request with the address that it asks about (rtnetlink(7)); `Head` is ndmsg or rtmsg.
template <class Head>
struct Request {
  nlmsghdr header{};
  Head head{};
  rtattr attribute{};
  std::byte address[16];
};

wire::Bytes bare(const wire::IpAddress& address) {
  const auto octets = std::as_bytes(std::span(address.octets));
  return address.is_v4() ? octets.subspan(12) : octets;
}

int family(const wire::IpAddress& address) { return address.is_v4() ? AF_INET : AF_INET6; }

template <class Head>
std::span<std::byte> finish(Request<Head>& request, std::uint16_t type, std::uint16_t attribute,
                            const wire::IpAddress& address) {
  const auto value = bare(address);
  request.attribute.rta_type = attribute;
  request.attribute.rta_len = static_cast<std::uint16_t>(RTA_LENGTH(value.size()));
  std::ranges::copy(value, request.address);
  request.header.nlmsg_type = type;
  request.header.nlmsg_flags = NLM_F_REQUEST;
  request.header.nlmsg_len =
      static_cast<std::uint32_t>(NLMSG_LENGTH(sizeof(Head)) + RTA_SPACE(value.size()));
  return std::as_writable_bytes(std::span(&request, 1)).first(request.header.nlmsg_len);
}

template <class T>
std::optional<T> read_at(wire::Bytes bytes, std::size_t offset) {
  if (bytes.size() < offset + sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

/// The value of an attribute of an answer that begins with `Head`; empty if there is none.
template <class Head>
wire::Bytes attribute_of(wire::Bytes answer, std::uint16_t type) {
  auto rest = answer.subspan(std::min<std::size_t>(answer.size(), NLMSG_ALIGN(sizeof(Head))));
  while (const auto attribute = read_at<rtattr>(rest, 0)) {
    if (attribute->rta_len < sizeof(rtattr) || attribute->rta_len > rest.size()) return {};
    if (attribute->rta_type == type) {
      return rest.subspan(sizeof(rtattr), attribute->rta_len - sizeof(rtattr));
    }
    rest = rest.subspan(std::min<std::size_t>(rest.size(), RTA_ALIGN(attribute->rta_len)));
  }
  return {};
}

}  // namespace

Neighbours::Neighbours() : socket_(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)) {
  if (!socket_) throw std::system_error(errno, std::generic_category(), "netlink socket");
}

wire::Bytes Neighbours::ask(std::span<std::byte> request) {
  nlmsghdr header;
  std::memcpy(&header, request.data(), sizeof header);
  header.nlmsg_seq = ++sequence_;
  std::memcpy(request.data(), &header, sizeof header);
  if (send(socket_.number(), request.data(), request.size(), 0) < 0) return {};
  // The kernel answers within send(); an answer to an earlier request may be left over.
  for (;;) {
    const auto size = recv(socket_.number(), buffer_, sizeof buffer_, MSG_DONTWAIT);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return {};
    const auto got = wire::Bytes(buffer_).first(static_cast<std::size_t>(size));
    const auto answer = read_at<nlmsghdr>(got, 0);
    if (!answer || answer->nlmsg_seq != sequence_) continue;
    if (answer->nlmsg_type == NLMSG_ERROR || answer->nlmsg_len > got.size() ||
        answer->nlmsg_len < NLMSG_HDRLEN) {
      return {};
    }
    return got.first(answer->nlmsg_len).subspan(NLMSG_HDRLEN);
  }
}

std::uint32_t Neighbours::interface_to(const wire::IpAddress& address) {
  Request<rtmsg> request;
  request.head.rtm_family = static_cast<std::uint8_t>(family(address));
  request.head.rtm_dst_len = static_cast<std::uint8_t>(8 * bare(address).size());
  const auto route = ask(finish(request, RTM_GETROUTE, RTA_DST, address));
  const auto head = read_at<rtmsg>(route, 0);
  // Behind a router, the neighbour is the router.
  if (!head || head->rtm_type != RTN_UNICAST || !attribute_of<rtmsg>(route, RTA_GATEWAY).empty()) {
    return 0;
  }
  return read_at<std::uint32_t>(attribute_of<rtmsg>(route, RTA_OIF), 0).value_or(0);
}

std::optional<wire::Mac> Neighbours::find(const wire::IpAddress& address, std::uint32_t interface) {
  if (address.is_loopback()) return std::nullopt;
  if (interface == 0) interface = interface_to(address);
  if (interface == 0) return std::nullopt;
  Request<ndmsg> request;
  request.head.ndm_family = static_cast<std::uint8_t>(family(address));
  request.head.ndm_ifindex = static_cast<int>(interface);
  const auto entry = ask(finish(request, RTM_GETNEIGH, NDA_DST, address));
  const auto head = read_at<ndmsg>(entry, 0);
  const auto hardware = attribute_of<ndmsg>(entry, NDA_LLADDR);
  wire::Mac mac;
  if (!head || !(head->ndm_state & usable) || hardware.size() != mac.octets.size()) {
    return std::nullopt;
  }
  std::ranges::copy(hardware, std::as_writable_bytes(std::span(mac.octets)).begin());
  return mac;
}

}  // namespace pixie::net
