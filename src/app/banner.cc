#include "app/banner.h"

#include <sys/socket.h>

#include <iterator>

#include <fmt/format.h>

#include "net/interfaces.h"
#include "net/udp.h"
#include "tree/descriptor.h"

namespace pixie::app {
namespace {

/// The source address of packets to the world: what the routing table says. Nothing is sent.
std::optional<wire::IpAddress> routed_address() {
  const tree::Descriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_storage address{};
  // TEST-NET-1 (RFC 5737): an address that no host has.
  auto length = net::to_socket_address(*wire::Endpoint::parse("192.0.2.1:9", 9), false, 0, address);
  if (connect(socket.number(), reinterpret_cast<const sockaddr*>(&address), length) != 0)
    return std::nullopt;
  length = sizeof address;
  if (getsockname(socket.number(), reinterpret_cast<sockaddr*>(&address), &length) != 0)
    return std::nullopt;
  return net::from_socket_address(address).address;
}

wire::IpAddress address_for_clients(const Settings& settings, const net::Sockets& sockets) {
  if (!settings.layout.advertised_address.is_unspecified())
    return settings.layout.advertised_address;
  const auto& bound = sockets.tftp.front().endpoint.address;
  if (!bound.is_unspecified()) return bound;
  if (const auto routed = routed_address()) return *routed;
  const auto usable = net::choose_interfaces({});
  return usable ? usable->front().address : wire::IpAddress::v4(127, 0, 0, 1);
}

std::string_view or_none(const std::string& folder) {
  return folder.empty() ? std::string_view("none") : folder;
}

}  // namespace

std::string places(const std::vector<net::Listening>& listening, std::string_view separator) {
  std::string text;
  for (const auto& one : listening) {
    if (!text.empty()) text += separator;
    text += one.endpoint.text();
  }
  return text;
}

std::string banner(const Settings& settings, const net::Sockets& sockets) {
  const auto address = address_for_clients(settings, sockets);
  const auto& layout = settings.layout;
  std::string out;
  const auto line = [&]<class... Args>(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out), format, std::forward<Args>(args)...);
    out += '\n';
  };
  const auto http_port = sockets.http.front().endpoint.port;
  const auto url = fmt::format("http://{}{}/", address.url_host(),
                               http_port == 80 ? "" : fmt::format(":{}", http_port));
  line("pixie {} serves", PIXIE_VERSION);
  line("  TFTP     {}", places(sockets.tftp, ", "));
  line("  HTTP     {}   (look: {})", places(sockets.http, ", "), url);
  line("  scripts  {}{}", or_none(layout.scripts),
       layout.scripts.empty() ? "   (name a folder with -d)" : "");
  line("  extra    {}", or_none(layout.extra));
  if (!layout.roms.empty()) line("  ROMs     {}, over those inside", layout.roms);
  const auto tftp_port = sockets.tftp.front().endpoint.port;
  if (tftp_port != 69) {
    line("\nFirmware asks for TFTP on port 69 only; port {} is for trying things out.", tftp_port);
    return out;
  }
  if (!address.is_v4()) return out;
  line("\nNext: tell your DHCP server. For dnsmasq:\n");
  line("  dhcp-match=set:ipxe,175");
  line("  dhcp-vendorclass=set:bios,PXEClient:Arch:00000");
  line("  dhcp-boot=tag:!ipxe,tag:bios,undionly.kpxe,pixie,{}", address.text());
  line("  dhcp-boot=tag:!ipxe,tag:!bios,snponly.efi,pixie,{}", address.text());
  line("  dhcp-boot=tag:ipxe,chain.ipxe,pixie,{}", address.text());
  line("\nThen turn a machine on. Its own script goes to {}/<mac>.ipxe (52-54-00-12-34-56.ipxe).",
       layout.scripts.empty() ? "the scripts folder" : layout.scripts);
  return out;
}

}  // namespace pixie::app
