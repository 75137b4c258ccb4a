#include "dhcp/boot6.h"

#include <algorithm>
#include <optional>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "dhcp/assign6.h"
#include "dhcp/ia6.h"
#include "dhcp/option6.h"

namespace pixie::dhcp {
namespace {

/// Intel's, which PXE and UEFI HTTP Boot use (UEFI specification, "Network Boot").
constexpr std::uint32_t enterprise = 343;
/// RFC 8415 section 11.1.
constexpr std::size_t max_duid_size = 130;
/// Identity associations and addresses: so many fit into a reply; real clients send one or two.
constexpr std::size_t max_ias = 16;

bool same(wire::Bytes a, wire::Bytes b) { return std::ranges::equal(a, b); }

/// Who must name which server (RFC 8415 section 16).
enum class ServerIdentifier : std::uint8_t { required, forbidden, allowed };

std::optional<ServerIdentifier> rule_for(MessageType6 type) {
  switch (type) {
    case MessageType6::solicit:
    case MessageType6::confirm:
    case MessageType6::rebind:
      return ServerIdentifier::forbidden;
    case MessageType6::request:
    case MessageType6::renew:
    case MessageType6::release:
    case MessageType6::decline:
      return ServerIdentifier::required;
    case MessageType6::information_request:
      return ServerIdentifier::allowed;
    default:
      return std::nullopt;
  }
}

std::optional<Silence6> fault_of(const Packet6& packet, const Server6& server) {
  const auto rule = rule_for(packet.type);
  if (!rule) return Silence6::not_of_a_client;
  const auto client = packet.options.find(option6::client_identifier);
  const bool client_needed = packet.type != MessageType6::information_request;
  if (client ? client->empty() || client->size() > max_duid_size : client_needed) {
    return Silence6::no_client_identifier;
  }
  const auto named = packet.options.find(option6::server_identifier);
  if (!named) {
    return rule == ServerIdentifier::required ? std::optional(Silence6::other_server)
                                              : std::nullopt;
  }
  if (rule == ServerIdentifier::forbidden) return Silence6::needless_server_identifier;
  return same(*named, server.duid) ? std::nullopt : std::optional(Silence6::other_server);
}

void add_vendor_class(Options6& options, std::string_view name) {
  std::vector<std::byte> value(6 + name.size());
  wire::Writer out(value);
  out.u32(enterprise);
  out.u16(static_cast<std::uint16_t>(name.size()));
  out.bytes(wire::as_bytes(name));
  options.add(option6::vendor_class, value);
}

/// The reply's head: identifiers, and around it the relays' messages with what they want back (RFC
/// 8415 section 19.3).
Reply6 reply_to(const Packet6& packet, const Server6& server, MessageType6 type) {
  Reply6 reply;
  reply.packet.type = type;
  reply.packet.transaction_id = packet.transaction_id;
  if (const auto client = packet.options.find(option6::client_identifier)) {
    reply.packet.options.add(option6::client_identifier, *client);
  }
  reply.packet.options.add(option6::server_identifier, server.duid);
  for (const auto& relay : packet.relays) {
    Relay6 back{relay.hop_count, relay.link_address, relay.peer_address, {}};
    if (const auto id = relay.options.find(option6::interface_id)) {
      back.options.add(option6::interface_id, *id);
    }
    reply.packet.relays.push_back(std::move(back));
  }
  return reply;
}

/// The URL, then the vendor class: EDK2 of 2015 reads the URL up to a NUL, which the next option's
/// code begins with.
void add_boot_file(Options6& options, std::string_view url, std::string_view vendor_class) {
  options.add_text(option6::bootfile_url, url);
  if (!vendor_class.empty()) add_vendor_class(options, vendor_class);
}

void add_dns_servers(Options6& options, const std::vector<wire::IpAddress>& servers) {
  std::vector<std::byte> value;
  for (const auto& server : servers) {
    const auto bytes = std::as_bytes(std::span(server.octets));
    value.insert(value.end(), bytes.begin(), bytes.end());
  }
  if (!value.empty()) options.add(option6::dns_servers, value);
}

std::string_view host_of(std::string_view url) {
  const auto open = url.find('[');
  const auto close = url.find(']');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) return {};
  return url.substr(open, close - open + 1);
}

std::optional<Silence6> nothing_for(const ClientFacts6& client, const Decision6& decision) {
  if (!client.is_boot_client()) return Silence6::not_a_boot_client;
  if (decision.url.empty()) return Silence6::nothing_to_offer;
  if (!takes_url(client.firmware, decision.url)) return Silence6::url_not_taken;
  return std::nullopt;
}

/// Where a UEFI PXE client is to ask on port 4011: us, wherever its file is.
std::string advertised_url(const Server6& server, const std::string& url) {
  if (wire::IpAddress::parse(host_of(url)) == server.address) return url;
  return fmt::format("tftp://{}/", server.address.url_host());
}

/// The answer of the one who leaves addresses to others.
Answer6 answer_beside(const Packet6& packet, const ClientFacts6& client, const Server6& server,
                      const Decision6& decision, const std::vector<Ia>& ias) {
  if (const auto nothing = nothing_for(client, decision)) return std::unexpected(*nothing);
  const bool pxe = client.firmware == Firmware6::uefi;
  const bool http = client.firmware == Firmware6::uefi_http;
  const auto vendor_class = pxe ? "PXEClient" : http ? "HTTPClient" : "";
  if (packet.type == MessageType6::solicit && (pxe || http)) {
    auto reply = reply_to(packet, server, MessageType6::advertise);
    add_boot_file(reply.packet.options, pxe ? advertised_url(server, decision.url) : decision.url,
                  vendor_class);
    return reply;
  }
  if (packet.type != MessageType6::information_request && packet.type != MessageType6::request) {
    return std::unexpected(Silence6::addresses_from_elsewhere);
  }
  auto reply = reply_to(packet, server, MessageType6::reply);
  // A client that took the advertisement for one of addresses learns to solicit again.
  for (const auto& ia : ias) {
    add_ia(reply.packet.options,
           {.kind = ia.kind,
            .iaid = ia.iaid,
            .t1 = 0,
            .t2 = 0,
            .addresses = {},
            .status = Status6{status6::no_addresses_available, "this server gives no addresses"}});
  }
  add_boot_file(reply.packet.options, decision.url, vendor_class);
  return reply;
}

std::size_t count(const std::vector<Ia>& ias) {
  auto total = ias.size();
  for (const auto& ia : ias) total += ia.addresses.size();
  return total;
}

Answer6 confirm(const Packet6& packet, const Server6& server, const std::vector<Ia>& ias,
                const Leases6& leases) {
  const bool any = std::ranges::any_of(ias, [](const Ia& ia) { return !ia.addresses.empty(); });
  if (!any) return std::unexpected(Silence6::nothing_to_confirm);
  auto reply = reply_to(packet, server, MessageType6::reply);
  const bool on_link = all_on_link(ias, leases.settings().range);
  add_status(reply.packet.options,
             on_link ? Status6{status6::success, "all addresses are of this link"}
                     : Status6{status6::not_on_link, "an address is not of this link"});
  return reply;
}

/// The answer of the one who gives addresses, to those who don't boot, too.
Answer6 answer_as_server(const Packet6& packet, const ClientFacts6& client, const Server6& server,
                         const Decision6& decision, const std::vector<Ia>& ias, Leases6& leases,
                         Leases6::Time now) {
  if (packet.type == MessageType6::confirm) return confirm(packet, server, ias, leases);
  const bool solicit = packet.type == MessageType6::solicit;
  const bool rapid =
      solicit && server.rapid_commit && packet.options.contains(option6::rapid_commit);
  auto reply =
      reply_to(packet, server, solicit && !rapid ? MessageType6::advertise : MessageType6::reply);
  auto& options = reply.packet.options;
  if (rapid) options.add(option6::rapid_commit, {});
  auto associations = associate(packet.type, rapid, client.duid, ias, leases, now);
  reply.journal = std::move(associations.journal);
  for (const auto& ia : associations.ias) add_ia(options, ia);
  if (packet.type == MessageType6::release || packet.type == MessageType6::decline) {
    add_status(options, {status6::success, "done"});
    return reply;
  }
  if (!nothing_for(client, decision)) {
    add_boot_file(options, decision.url,
                  client.firmware == Firmware6::uefi_http ? "HTTPClient" : "");
  }
  if (client.requests(option6::dns_servers)) add_dns_servers(options, server.dns_servers);
  return reply;
}

}  // namespace

std::string boot_url6(const Server6& server, Firmware6 firmware, std::string_view path) {
  const bool http = firmware == Firmware6::uefi_http || firmware == Firmware6::ipxe;
  const auto port = http ? server.http_port : server.tftp_port;
  const bool usual = port == (http ? 80 : 69);
  return fmt::format("{}://{}{}/{}", http ? "http" : "tftp", server.address.url_host(),
                     usual ? "" : fmt::format(":{}", port), path);
}

bool takes_url(Firmware6 firmware, std::string_view url) {
  if (firmware == Firmware6::uefi_http)
    return url.starts_with("http://") || url.starts_with("https://");
  if (firmware != Firmware6::uefi) return true;
  const auto host = host_of(url);
  return wire::IpAddress::parse(host) && url.starts_with(fmt::format("tftp://{}/", host));
}

std::string_view text(Silence6 reason) {
  switch (reason) {
    case Silence6::not_of_a_client:
      return "not a client's message";
    case Silence6::broken:
      return "identity associations that can't be read, or too many";
    case Silence6::no_client_identifier:
      return "no client identifier of 1 to 130 bytes";
    case Silence6::needless_server_identifier:
      return "a server identifier where none belongs";
    case Silence6::other_server:
      return "meant for another server";
    case Silence6::not_a_boot_client:
      return "not a boot client";
    case Silence6::nothing_to_offer:
      return "nothing to offer to this machine";
    case Silence6::url_not_taken:
      return "its firmware doesn't take the boot file's URL";
    case Silence6::addresses_from_elsewhere:
      return "addresses come from another server";
    case Silence6::nothing_to_confirm:
      return "a confirm without addresses";
  }
  return "";
}

Answer6 answer(const Packet6& packet, const ClientFacts6& client, const Server6& server,
               const Decision6& decision, Leases6* leases, Leases6::Time now) {
  if (const auto fault = fault_of(packet, server)) return std::unexpected(*fault);
  const auto ias = parse_ias(packet.options);
  const bool stateless = packet.type == MessageType6::information_request;
  // An information-request has no IA (RFC 8415 section 16.12).
  if (!ias || count(*ias) > (stateless ? 0 : max_ias)) return std::unexpected(Silence6::broken);
  if (!leases) return answer_beside(packet, client, server, decision, *ias);
  return answer_as_server(packet, client, server, decision, *ias, *leases, now);
}

}  // namespace pixie::dhcp
