#include "net/dhcp_sockets.h"

#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <future>

#include <fmt/format.h>

#include "dhcp/responder.h"
#include "net/foreign_dhcp.h"
#include "net/frames.h"
#include "net/socket.h"
#include "net/udp.h"

namespace pixie::net {
namespace {

using Mode = DhcpSettings::Mode;

constexpr std::uint16_t server_port6 = 547;

Error explain(const wire::Endpoint& endpoint) {
  const int reason = errno;
  const auto what = fmt::format("--dhcp: can't listen on UDP port {}", endpoint.text());
  if (reason == EACCES)
    return {
        fmt::format("{}: start pixie with sudo, or once: sudo setcap "
                    "cap_net_bind_service,cap_net_raw=+ep $(command -v pixie)",
                    what)};
  if (reason != EADDRINUSE) return {fmt::format("{}: {}", what, std::strerror(reason))};
  const auto owner = port_owner(endpoint.port, Transport::udp);
  return {fmt::format("{}: {} has it already. Stop that, or use --dhcp proxy on another machine",
                      what, owner.empty() ? "another program" : owner)};
}

/// `shared`: beside another program's socket on this port, if that allows it too.
Expected<tree::Descriptor> bind_udp(const wire::Endpoint& endpoint, bool shared) {
  const bool ipv6 = !endpoint.address.is_v4();
  tree::Descriptor socket(
      ::socket(ipv6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return std::unexpected(explain(endpoint));
  const int number = socket.number();
  if (ipv6) {
    set_option(number, IPPROTO_IPV6, IPV6_V6ONLY);
    set_option(number, IPPROTO_IPV6, IPV6_RECVPKTINFO);
  } else {
    set_option(number, SOL_SOCKET, SO_BROADCAST);
    set_option(number, IPPROTO_IP, IP_PKTINFO);
  }
  if (shared) set_option(number, SOL_SOCKET, SO_REUSEADDR);
  enlarge_receive_buffer(number);
  sockaddr_storage address{};
  const auto length = to_socket_address(endpoint, ipv6, 0, address);
  if (bind(number, reinterpret_cast<const sockaddr*>(&address), length) != 0)
    return std::unexpected(explain(endpoint));
  return socket;
}

/// All_DHCP_Relay_Agents_and_Servers (RFC 8415 section 7.1).
bool join_servers_group(int socket, std::uint32_t interface) {
  ipv6_mreq request{};
  request.ipv6mr_multiaddr = {
      .__in6_u = {.__u6_addr8 = {0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2}}};
  request.ipv6mr_interface = interface;
  return setsockopt(socket, IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, &request, sizeof request) == 0;
}

/// A proxy lets another program have the port, too. Beside a DHCP server on this machine, which has it already, it
/// takes the broadcasts alone: bound to their address, its socket takes no unicast from that server (udp(7): the more
/// specific one would get them).
Expected<tree::Descriptor> bind_proxy_port(DhcpSockets& sockets) {
  auto server = bind_udp({wire::IpAddress::v4(0, 0, 0, 0), dhcp::server_port}, false);
  if (server) {
    set_option(server->number(), SOL_SOCKET, SO_REUSEADDR);
    return server;
  }
  auto beside = bind_udp({wire::IpAddress::v4(255, 255, 255, 255), dhcp::server_port}, true);
  if (beside)
    sockets.advice.push_back(
        "Another program has UDP port 67 as well: machines behind relay agents are its own.");
  return beside;
}

Expected<void> open_ports(const DhcpSettings& settings, DhcpSockets& sockets) {
  auto server = settings.mode == Mode::proxy
                    ? bind_proxy_port(sockets)
                    : bind_udp({wire::IpAddress::v4(0, 0, 0, 0), dhcp::server_port}, false);
  if (!server) return std::unexpected(server.error());
  sockets.server = std::move(*server);
  auto pxe = bind_udp({wire::IpAddress::v4(0, 0, 0, 0), dhcp::pxe_port}, false);
  if (!pxe) return std::unexpected(pxe.error());
  sockets.pxe = std::move(*pxe);
  return {};
}

/// Without IPv6, or with another program on its port, IPv4 goes on alone.
void open_ports6(DhcpSockets& sockets) {
  const bool any = std::ranges::any_of(
      sockets.interfaces, [](const Interface& interface) { return interface.ipv6.has_value(); });
  if (!any) return;
  auto server = bind_udp({wire::IpAddress(), server_port6}, true);
  auto pxe = bind_udp({wire::IpAddress(), dhcp::pxe_port}, false);
  if (!server || !pxe) {
    sockets.advice.push_back((!server ? server : pxe).error().text + "; IPv6 is left out.");
    return;
  }
  for (const auto& interface : sockets.interfaces) {
    if (interface.ipv6_link_local) join_servers_group(server->number(), interface.index);
  }
  sockets.server6 = std::move(*server);
  sockets.pxe6 = std::move(*pxe);
}

std::string describe(const Interface& interface, const DhcpAnswer& offer) {
  return fmt::format("{} ({}) on {}", offer.server_identifier.text(), offer.source_mac.colons(),
                     interface.name);
}

/// The other DHCP servers that answer, told in words; empty: none. All interfaces are listened on at once.
Expected<std::string> other_servers(const std::vector<Interface>& interfaces) {
  std::vector<std::future<Expected<std::vector<DhcpAnswer>>>> searches;
  searches.reserve(interfaces.size());
  for (const auto& interface : interfaces) {
    searches.push_back(
        std::async(std::launch::async, [&interface] { return find_dhcp_servers(interface); }));
  }
  std::string found;
  for (std::size_t i = 0; i < searches.size(); ++i) {
    const auto offers = searches[i].get();
    if (!offers) return std::unexpected(offers.error());
    for (const auto& offer : *offers)
      found += (found.empty() ? "" : ", ") + describe(interfaces[i], offer);
  }
  return found;
}

Expected<void> check_for_other_servers(const DhcpSettings& settings, DhcpSockets& sockets) {
  if (settings.force) return {};
  const auto others = other_servers(sockets.interfaces);
  if (!others) {
    sockets.advice.push_back("Can't look for other DHCP servers: " + others.error().text);
  } else if (!others->empty()) {
    return fail(
        fmt::format("--dhcp server: another DHCP server gives addresses here already: {}. Use "
                    "--dhcp proxy beside "
                    "it, or stop it, or, if both are meant, --dhcp-force",
                    *others));
  }
  return {};
}

/// An error of a journal, with the file's name.
Error in_file(const LeaseFile& file, const Error& error) {
  return {fmt::format("{}: {}", file.path(), error.text)};
}

Error can_not_write(const LeaseFile& file) {
  return {fmt::format("--state: {} can't be written: {}", file.path(), std::strerror(errno))};
}

Expected<void> load_leases(const DhcpSettings& settings, DhcpSockets& sockets) {
  auto plan = lease_settings(settings, sockets.interfaces);
  if (!plan) return std::unexpected(plan.error());
  auto leases = dhcp::Leases::make(std::move(*plan));
  if (!leases) return fail("--dhcp-range, --dhcp-reservations: " + leases.error().text);
  auto file = LeaseFile::open(settings.state, "leases");
  if (!file) return std::unexpected(file.error());
  const auto text = file->read();
  if (!text) return std::unexpected(text.error());
  if (const auto replayed = leases->replay(*text, system_now()); !replayed)
    return std::unexpected(in_file(*file, replayed.error()));
  if (!file->replace(leases->snapshot(system_now()))) return std::unexpected(can_not_write(*file));
  sockets.leases = std::move(*leases);
  sockets.lease_file = std::move(*file);
  return {};
}

Expected<void> load_leases6(const DhcpSettings& settings, DhcpSockets& sockets) {
  dhcp::Lease6Settings plan{.range = *settings.range6, .excluded = {}};
  for (const auto& interface : sockets.interfaces) {
    if (interface.ipv6) plan.excluded.insert(*interface.ipv6);
  }
  dhcp::Leases6 leases(std::move(plan));
  auto file = LeaseFile::open(settings.state, "leases6");
  if (!file) return std::unexpected(file.error());
  const auto text = file->read();
  if (!text) return std::unexpected(text.error());
  if (!text->empty()) {
    if (const auto replayed = leases.replay(*text, system_now()); !replayed)
      return std::unexpected(in_file(*file, replayed.error()));
  }
  if (!file->replace(leases.snapshot(system_now()))) return std::unexpected(can_not_write(*file));
  sockets.leases6 = std::move(leases);
  sockets.lease_file6 = std::move(*file);
  return {};
}

Expected<void> open_for_addresses(const DhcpSettings& settings, DhcpSockets& sockets) {
  if (auto none_else = check_for_other_servers(settings, sockets); !none_else) return none_else;
  auto probe = ProbeSockets::open(sockets.interfaces);
  if (probe) sockets.probe = std::move(*probe);
  if (!probe)
    sockets.advice.push_back("Addresses are given without asking whether somebody has them: " +
                             probe.error().text);
  for (const auto& interface : sockets.interfaces) {
    auto frames = PacketSocket::open(interface,
                                     {.ethertype = ethertype::ipv4, .udp_ports = {dhcp::pxe_port}});
    if (frames) sockets.frames.emplace_back(interface.index, std::move(*frames));
  }
  if (auto loaded = load_leases(settings, sockets); !loaded) return loaded;
  return settings.range6 ? load_leases6(settings, sockets) : Expected<void>();
}

/// The network that a range is for.
wire::Network network_of(const DhcpRange& range, const std::vector<Interface>& interfaces) {
  const auto mapped = [](unsigned prefix) { return 96 + prefix; };
  if (range.prefix) return {range.first, mapped(*range.prefix)};
  for (const auto& interface : interfaces) {
    for (const auto& own : interface.addresses) {
      if (own.shares_network(range.first)) return {own.address, mapped(own.prefix)};
    }
  }
  constexpr unsigned usual_prefix = 24;
  return {range.first, mapped(usual_prefix)};
}

}  // namespace

Expected<DhcpSockets> open_dhcp_sockets(const DhcpSettings& settings, bool serves_ipv6) {
  auto interfaces = choose_interfaces(settings.interfaces);
  if (!interfaces) return std::unexpected(interfaces.error());
  DhcpSockets sockets;
  sockets.interfaces = std::move(*interfaces);
  if (auto opened = open_ports(settings, sockets); !opened) return std::unexpected(opened.error());
  sockets.serves_ipv6 = serves_ipv6;
  if (serves_ipv6 || settings.range6) open_ports6(sockets);
  if (settings.range6 && !sockets.server6)
    return fail("--dhcp-range6: no interface has an IPv6 address, or UDP port 547 is taken");
  if (settings.mode == Mode::server) {
    if (auto opened = open_for_addresses(settings, sockets); !opened)
      return std::unexpected(opened.error());
  }
  return sockets;
}

Expected<dhcp::LeaseSettings> lease_settings(const DhcpSettings& settings,
                                             const std::vector<Interface>& interfaces) {
  dhcp::LeaseSettings result;
  if (settings.ranges.empty() && settings.reservations.empty() && !settings.range6) {
    return fail(
        "--dhcp server: name the addresses to give, such as --dhcp-range 10.0.0.100-10.0.0.200");
  }
  std::optional<std::chrono::seconds> lease;
  for (const auto& range : settings.ranges) {
    result.ranges.push_back({range.first, range.last, network_of(range, interfaces)});
    if (!range.lease) continue;
    if (lease && *lease != *range.lease)
      return fail("--dhcp-range: all ranges have one lease time");
    lease = range.lease;
  }
  if (lease) result.default_time = *lease;
  result.min_time = std::min(result.min_time, result.default_time);
  result.max_time = std::max(result.max_time, result.default_time);
  for (const auto& interface : interfaces) {
    for (const auto& own : interface.addresses) {
      result.excluded.push_back(own.address);
      // For reservations where there is no range.
      const wire::Network network{own.address, 96 + own.prefix};
      const bool known = std::ranges::any_of(result.ranges, [&](const auto& range) {
        return range.network.contains(own.address) || network.contains(range.network.address);
      });
      if (!known) result.ranges.push_back({{}, {}, network});
    }
  }
  for (const auto& taken : settings.dns) result.excluded.push_back(taken);
  if (!settings.router.is_unspecified()) result.excluded.push_back(settings.router);
  result.reservations = settings.reservations;
  return result;
}

}  // namespace pixie::net
