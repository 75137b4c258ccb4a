#include "net/interfaces.h"

#include <ifaddrs.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <sys/socket.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <map>
#include <memory>
#include <ranges>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "dhcp/ipv4.h"
#include "net/udp.h"

namespace pixie::net {
namespace {

/// Where the prefix of an IPv4 address begins in its IPv4-mapped form.
constexpr unsigned mapped_bits = 96;

wire::IpAddress address_of(const sockaddr& from) {
  sockaddr_storage address{};
  std::memcpy(&address, &from,
              from.sa_family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
  return from_socket_address(address).address;
}

void take_hardware(Interface& interface, const sockaddr& from) {
  sockaddr_ll address;
  std::memcpy(&address, &from, sizeof address);
  interface.index = static_cast<std::uint32_t>(address.sll_ifindex);
  if (address.sll_hatype != ARPHRD_ETHER || address.sll_halen != interface.mac.octets.size())
    return;
  std::copy_n(address.sll_addr, interface.mac.octets.size(), interface.mac.octets.begin());
}

void take_ipv4(Interface& interface, const sockaddr& from, const sockaddr* mask) {
  const auto bits = mask ? std::popcount(dhcp::ipv4_number(address_of(*mask))) : 32;
  interface.addresses.push_back({address_of(from), static_cast<unsigned>(bits)});
  interface.address = interface.addresses.front().address;
  interface.prefix = interface.addresses.front().prefix;
}

void take_ipv6(Interface& interface, const wire::IpAddress& address) {
  if (address.is_loopback()) return;
  auto& place = address.is_link_local_v6() ? interface.ipv6_link_local : interface.ipv6;
  if (!place) place = address;
}

void take(Interface& interface, const ifaddrs& entry) {
  interface.up = (entry.ifa_flags & IFF_UP) != 0;
  interface.loopback = (entry.ifa_flags & IFF_LOOPBACK) != 0;
  if (!entry.ifa_addr) return;
  switch (entry.ifa_addr->sa_family) {
    case AF_PACKET:
      return take_hardware(interface, *entry.ifa_addr);
    case AF_INET:
      return take_ipv4(interface, *entry.ifa_addr, entry.ifa_netmask);
    case AF_INET6:
      return take_ipv6(interface, address_of(*entry.ifa_addr));
    default:
      return;
  }
}

std::string names_of(const std::vector<Interface>& interfaces) {
  return fmt::format("{}", fmt::join(interfaces | std::views::transform(&Interface::name), ", "));
}

Expected<Interface> choose(const std::string& name, const std::vector<Interface>& existing) {
  const auto found = std::ranges::find(existing, name, &Interface::name);
  if (found == existing.end()) {
    return fail(
        fmt::format("there is no interface '{}'; this machine has {}", name, names_of(existing)));
  }
  if (!found->up) {
    return fail(fmt::format("interface {} is down; bring it up (ip link set {} up)", name, name));
  }
  if (!found->has_ipv4()) {
    return fail(fmt::format(
        "interface {} has no IPv4 address; give it one (ip address add 192.0.2.1/24 dev {})", name,
        name));
  }
  return *found;
}

}  // namespace

bool InterfaceAddress::shares_network(const wire::IpAddress& other) const {
  return wire::Network{address, mapped_bits + prefix}.contains(other);
}

bool Interface::reaches(const wire::IpAddress& candidate) const {
  return std::ranges::any_of(addresses,
                             [&](const auto& own) { return own.shares_network(candidate); });
}

std::string_view vlan_of(std::string_view interface_name) {
  const auto last = interface_name.find_last_not_of("0123456789");
  if (last == std::string_view::npos) return {};
  const auto digits = interface_name.substr(last + 1);
  const bool tells = interface_name[last] == '.' || interface_name.starts_with("vlan");
  return tells ? digits : std::string_view();
}

Expected<std::vector<Interface>> interfaces() {
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) {
    return fail(fmt::format("can't list the network interfaces: {}", std::strerror(errno)));
  }
  const std::unique_ptr<ifaddrs, decltype([](ifaddrs* first) { freeifaddrs(first); })> owner(list);
  std::map<std::string, Interface> by_name;
  for (const auto* entry = list; entry; entry = entry->ifa_next) {
    // An IPv4 address comes under its label, `eth0:1` (ip-address(8)).
    const std::string label = entry->ifa_name;
    take(by_name[label.substr(0, label.find(':'))], *entry);
  }
  std::vector<Interface> result;
  for (auto& [name, interface] : by_name) {
    interface.name = name;
    result.push_back(std::move(interface));
  }
  std::ranges::sort(result, {}, &Interface::index);
  return result;
}

Expected<std::vector<Interface>> choose_interfaces(std::span<const std::string> names,
                                                   std::vector<Interface> existing) {
  if (names.empty()) {
    std::erase_if(existing,
                  [](const auto& one) { return !one.up || one.loopback || !one.has_ipv4(); });
    if (existing.empty()) {
      return fail("no network interface is up and has an IPv4 address (see: ip address)");
    }
    return existing;
  }
  std::vector<Interface> chosen;
  for (const auto& name : names) {
    const auto interface = choose(name, existing);
    if (!interface) return std::unexpected(interface.error());
    chosen.push_back(*interface);
  }
  return chosen;
}

Expected<std::vector<Interface>> choose_interfaces(std::span<const std::string> names) {
  auto existing = interfaces();
  if (!existing) return existing;
  return choose_interfaces(names, std::move(*existing));
}

}  // namespace pixie::net
