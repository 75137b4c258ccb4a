#include "app/storm_command.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <iostream>
#include <set>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "app/exit_code.h"
#include "app/progress.h"
#include "app/storm_text.h"
#include "dhcp/packet.h"
#include "doctor/client.h"
#include "net/process_usage.h"
#include "net/storm.h"
#include "net/udp.h"
#include "storm/arrivals.h"
#include "storm/near.h"
#include "tree/descriptor.h"

namespace pixie::app {
namespace {

constexpr std::uint16_t tftp_port = 69;

volatile std::sig_atomic_t stopped = 0;

void stop_on_signals() {
  struct sigaction action{};
  action.sa_handler = [](int) { stopped = 1; };
  for (const int signal : {SIGINT, SIGTERM}) sigaction(signal, &action, nullptr);
}

storm::Duration duration_of(double seconds) {
  return std::chrono::duration_cast<storm::Duration>(std::chrono::duration<double>(seconds));
}

/// Our address on the way to `peer`: that of a socket that is connected to it, which sends nothing.
wire::IpAddress source_towards(const wire::IpAddress& peer) {
  const bool ipv6 = !peer.is_v4();
  const tree::Descriptor socket(::socket(ipv6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_storage address{};
  auto length = net::to_socket_address({peer, dhcp::server_port}, ipv6, 0, address);
  auto* plain = reinterpret_cast<sockaddr*>(&address);
  if (connect(socket.number(), plain, length) != 0 ||
      getsockname(socket.number(), plain, &length) != 0) {
    return wire::IpAddress::v4(0, 0, 0, 0);
  }
  return net::from_socket_address(address).address;
}

/// The names under which pixie has the ROMs; see docs/roms.md.
std::string rom_for(const doctor::ClientKind& kind) {
  if (kind.architecture == 0) return "undionly.kpxe";
  const auto processor = kind.name.substr(0, kind.name.find('-'));
  if (processor == "x64") return "snponly.efi";
  if (processor == "ia32") return "snponly32.efi";
  return fmt::format("{}-{}.efi", processor.starts_with("arm") ? "snponly" : "ipxe", processor);
}

/// A name on the server, or a URL.
std::string url_of(const wire::Endpoint& server, const std::string& name, bool by_http = false) {
  if (name.contains("://")) return name;
  if (by_http) return fmt::format("http://{}/{}", server.address.url_host(), name);
  return fmt::format("tftp://{}/{}", server.text(), name);
}

Expected<wire::Endpoint> parse_server(const std::string& text, bool public_too) {
  const auto server = wire::Endpoint::parse(text, tftp_port);
  if (!server || server->address.is_unspecified())
    return fail(fmt::format("storm: expected an IP address, not '{}'", text));
  if (public_too || storm::is_near(server->address)) return *server;
  return fail(fmt::format(
      "storm: {} is a public address; a storm there needs --public, and the consent of its owner",
      server->address.text()));
}

/// The servers that the arguments name: those for DHCP, or the one to load from.
Expected<std::vector<wire::Endpoint>> servers_of(const StormArguments& arguments) {
  const bool dhcp = !arguments.dhcp.empty();
  if (arguments.server.empty() && !dhcp)
    return fail("storm: name the server to boot from, or DHCP servers by --dhcp ADDRESS");
  if (!arguments.server.empty() && dhcp)
    return fail("storm: either a server to boot from or --dhcp, which tells it; not both");
  if (!arguments.relay.empty() && !dhcp) return fail("storm: --relay is for storms with --dhcp");
  if (dhcp && !(arguments.rom + arguments.script).empty())
    return fail("storm: --rom and --script are for storms without --dhcp, which tells both");
  auto names = arguments.dhcp;
  if (!dhcp) names.push_back(arguments.server);
  std::vector<wire::Endpoint> servers;
  for (const auto& name : names) {
    const auto server = parse_server(name, arguments.public_servers);
    if (!server) return std::unexpected(server.error());
    if (dhcp && !server->address.is_v4())
      return fail(fmt::format("storm: --dhcp works with IPv4 only, not with {}", name));
    servers.push_back(*server);
  }
  return servers;
}

Expected<storm::Plan> plan_of(const StormArguments& arguments,
                              const std::vector<wire::Endpoint>& servers) {
  const auto kind = doctor::find_client_kind(arguments.architecture);
  if (!kind) return std::unexpected(kind.error());
  const auto relay = arguments.relay.empty() ? source_towards(servers.front().address)
                                             : wire::IpAddress::parse(arguments.relay);
  if (!relay || (!arguments.dhcp.empty() && (!relay->is_v4() || relay->is_unspecified())))
    return fail("storm: --relay: expected an IPv4 address of this machine");
  storm::Plan plan{.kind = *kind,
                   .dhcp_servers = {},
                   .own_address = *relay,
                   .rom = {},
                   .script = {},
                   .loss = arguments.loss_percent / 100,
                   .think = duration_of(arguments.think_seconds),
                   .patience = duration_of(arguments.patience_seconds),
                   .public_servers = arguments.public_servers};
  if (!arguments.dhcp.empty()) {
    for (const auto& server : servers) plan.dhcp_servers.push_back(server.address);
  } else {
    const auto& [rom, script] = std::tie(arguments.rom, arguments.script);
    plan.rom = url_of(servers.front(), rom.empty() ? rom_for(*kind) : rom, kind->http);
    plan.script = url_of(servers.front(), script.empty() ? "chain.ipxe" : script, kind->http);
  }
  return plan;
}

Expected<net::StormOrder> order_of(const StormArguments& arguments,
                                   const std::vector<wire::Endpoint>& servers) {
  auto plan = plan_of(arguments, servers);
  if (!plan) return std::unexpected(plan.error());
  const auto arrival = storm::find_arrival(arguments.arrive);
  if (!arrival) {
    return fail(
        fmt::format("storm: --arrive: expected all, ramp or poisson, not '{}'", arguments.arrive));
  }
  const auto mac = wire::Mac::parse(arguments.mac);
  if (!mac) {
    return fail(
        fmt::format("storm: --mac: expected an Ethernet address like 52:54:00:12:34:56, not '{}'",
                    arguments.mac));
  }
  return net::StormOrder{
      .plan = std::move(*plan),
      .arrivals = storm::arrivals(*arrival, arguments.machines, duration_of(arguments.over_seconds),
                                  arguments.seed),
      .first_mac = *mac,
      .seed = arguments.seed,
      .on_progress = {}};
}

bool is_own(const wire::IpAddress& address) {
  return address.is_loopback() || source_towards(address) == address;
}

/// Who holds its ports (and that of DHCP, if it `gives_addresses`), if the server is this machine.
std::vector<int> server_processes(const wire::Endpoint& server, bool gives_addresses) {
  if (!is_own(server.address)) return {};
  constexpr std::uint16_t http_port = 80;
  std::set<int> found;
  const auto add = [&found](std::uint16_t port, net::Transport transport) {
    if (const auto owner = net::port_owner_process(port, transport)) found.insert(*owner);
  };
  add(server.port, net::Transport::udp);
  add(http_port, net::Transport::tcp);
  if (gives_addresses) add(dhcp::server_port, net::Transport::udp);
  return {found.begin(), found.end()};
}

/// What was used between the two.
std::optional<net::ProcessUsage> difference(const std::optional<net::ProcessUsage>& before,
                                            std::optional<net::ProcessUsage> after) {
  if (!before || !after) return std::nullopt;
  after->cpu_seconds -= before->cpu_seconds;
  return after;
}

std::optional<net::ProcessUsage> usage_of(const std::vector<int>& processes) {
  return processes.empty() ? std::nullopt : net::process_usage(processes);
}

Expected<int> run(const StormArguments& arguments) {
  const auto servers = servers_of(arguments);
  if (!servers) return std::unexpected(servers.error());
  auto order = order_of(arguments, *servers);
  if (!order) return std::unexpected(order.error());
  const auto processes = arguments.processes.empty()
                             ? server_processes(servers->front(), !arguments.dhcp.empty())
                             : arguments.processes;
  const auto before = usage_of(processes);
  if (!arguments.processes.empty() && !before)
    return fail("storm: --pid: there is no such process");
  Progress progress(std::cerr, "storm", isatty(STDERR_FILENO) != 0);
  order->on_progress = [&progress](const storm::Progress& now, const storm::Report& report) {
    progress.show(storm_moment(now, report));
    return stopped == 0;
  };
  stop_on_signals();
  const auto result = net::run_storm(*order);
  if (!result) return std::unexpected(result.error());
  if (isatty(STDERR_FILENO) != 0) progress.end("over");
  const auto used = difference(before, usage_of(processes));
  std::cout << (arguments.json ? storm_json(*result, arguments, used) : storm_text(*result, used))
            << std::flush;
  return result->report.completed() == arguments.machines ? success : failure;
}

}  // namespace

int storm_command(const StormArguments& arguments) {
  const auto code = run(arguments);
  return code ? *code : complain(usage, code.error());
}

}  // namespace pixie::app
