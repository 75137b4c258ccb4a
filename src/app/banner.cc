#include "app/banner.h"

#include <iterator>

#include <fmt/format.h>

#include "app/own_address.h"

namespace pixie::app {
namespace {

std::string_view or_none(const std::string& folder) {
  return folder.empty() ? std::string_view("none") : folder;
}

}  // namespace

wire::IpAddress address_for_clients(const Settings& settings, const net::Sockets& sockets) {
  if (!settings.layout.advertised_address.is_unspecified())
    return settings.layout.advertised_address;
  const auto& bound = sockets.tftp.front().endpoint.address;
  if (!bound.is_unspecified()) return bound;
  return likely_address(own_addresses()).value_or(wire::IpAddress::v4(127, 0, 0, 1));
}

std::string places(const std::vector<net::Listening>& listening, std::string_view separator) {
  std::string text;
  for (const auto& one : listening) {
    if (!text.empty()) text += separator;
    text += one.endpoint.text();
  }
  return text;
}

std::string_view dhcp_mode_name(net::DhcpSettings::Mode mode) {
  using Mode = net::DhcpSettings::Mode;
  return mode == Mode::off ? "off" : mode == Mode::proxy ? "proxy" : "server";
}

std::string banner(const Settings& settings, const net::Sockets& sockets,
                   std::string_view interfaces) {
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
  if (!sockets.https.empty()) line("  HTTPS    {}", places(sockets.https, ", "));
  const auto mode = settings.dhcp.mode;
  const bool dhcp = mode != net::DhcpSettings::Mode::off;
  if (dhcp) line("  DHCP     {} on {}", dhcp_mode_name(mode), interfaces);
  line("  scripts  {}{}", or_none(layout.scripts),
       layout.scripts.empty() ? "   (name a folder with -d)" : "");
  line("  extra    {}", or_none(layout.extra));
  if (!settings.images.empty()) line("  images   {}", settings.images);
  if (!layout.roms.empty()) line("  ROMs     {}, over those inside", layout.roms);
  const auto tftp_port = sockets.tftp.front().endpoint.port;
  if (tftp_port != 69) {
    line("\nFirmware asks for TFTP on port 69 only; port {} is for trying things out.", tftp_port);
    return out;
  }
  const auto own_script = fmt::format(
      "urn a machine on. Its own script goes to {}/<mac>.ipxe (52-54-00-12-34-56.ipxe).",
      layout.scripts.empty() ? "the scripts folder" : layout.scripts);
  if (dhcp) line("\nNext: t{}", own_script);
  if (dhcp || !address.is_v4()) return out;
  line("\nNext: start pixie with --dhcp proxy, or tell your DHCP server. For dnsmasq:\n");
  line("  dhcp-match=set:ipxe,175");
  line("  dhcp-vendorclass=set:bios,PXEClient:Arch:00000");
  line("  dhcp-boot=tag:!ipxe,tag:bios,undionly.kpxe,pixie,{}", address.text());
  line("  dhcp-boot=tag:!ipxe,tag:!bios,snponly.efi,pixie,{}", address.text());
  line("  dhcp-boot=tag:ipxe,chain.ipxe,pixie,{}", address.text());
  line("\nFor another one: pixie dhcp-config isc|kea|mikrotik|opnsense|windows");
  line("Then t{}", own_script);
  return out;
}

}  // namespace pixie::app
