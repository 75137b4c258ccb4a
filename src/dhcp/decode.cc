#include "dhcp/decode.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "dhcp/architecture.h"
#include "dhcp/ipv4.h"
#include "dhcp/option.h"
#include "dhcp/printable.h"

namespace pixie::dhcp {
namespace {

enum class Form : std::uint8_t {
  bytes,
  text,
  number,
  addresses,
  codes,
  message_type,
  architectures,
  options
};

struct Known {
  std::uint8_t code = 0;
  std::string_view name;
  Form form = Form::bytes;
  /// What an option that holds options may hold.
  std::span<const Known> inner;
};

constexpr Known relay_options[] = {
    {relay_option::circuit_id, "circuit id", Form::text, {}},
    {relay_option::remote_id, "remote id", Form::text, {}},
    {relay_option::link_selection, "link selection", Form::addresses, {}},
    {relay_option::subscriber_id, "subscriber id", Form::text, {}},
    {relay_option::flags, "flags", Form::bytes, {}},
    {relay_option::server_identifier_override, "server identifier override", Form::addresses, {}},
    {relay_option::virtual_subnet, "virtual subnet", Form::bytes, {}},
};

constexpr Known pxe_options[] = {
    {pxe_option::discovery_control, "discovery control", Form::number, {}},
    {pxe_option::boot_servers, "boot servers", Form::bytes, {}},
    {pxe_option::boot_menu, "boot menu", Form::text, {}},
    {pxe_option::menu_prompt, "menu prompt", Form::text, {}},
    {pxe_option::boot_item, "boot item", Form::bytes, {}},
};

constexpr Known ipxe_options[] = {
    {ipxe_option::priority, "priority", Form::number, {}},
    {ipxe_option::no_pxedhcp, "no-pxedhcp", Form::number, {}},
    {ipxe_option::bus_id, "bus id", Form::bytes, {}},
    {ipxe_option::version, "version", Form::bytes, {}},
};

constexpr Known options[] = {
    {option::subnet_mask, "subnet mask", Form::addresses, {}},
    {option::router, "router", Form::addresses, {}},
    {option::dns, "DNS", Form::addresses, {}},
    {option::host_name, "host name", Form::text, {}},
    {option::domain_name, "domain name", Form::text, {}},
    {option::broadcast, "broadcast address", Form::addresses, {}},
    {option::vendor_specific, "vendor specific", Form::options, pxe_options},
    {option::requested_address, "requested address", Form::addresses, {}},
    {option::lease_time, "lease time", Form::number, {}},
    {option::message_type, "message type", Form::message_type, {}},
    {option::server_identifier, "server identifier", Form::addresses, {}},
    {option::parameter_list, "parameter list", Form::codes, {}},
    {option::message, "message", Form::text, {}},
    {option::max_message_size, "maximum message size", Form::number, {}},
    {option::renewal_time, "renewal time", Form::number, {}},
    {option::rebinding_time, "rebinding time", Form::number, {}},
    {option::vendor_class, "vendor class", Form::text, {}},
    {option::client_identifier, "client identifier", Form::bytes, {}},
    {option::tftp_server_name, "TFTP server name", Form::text, {}},
    {option::bootfile_name, "bootfile name", Form::text, {}},
    {option::user_class, "user class", Form::text, {}},
    {option::client_fqdn, "client FQDN", Form::bytes, {}},
    {option::relay_agent, "relay agent", Form::options, relay_options},
    {option::client_architecture, "client architecture", Form::architectures, {}},
    {option::client_interface, "client interface", Form::bytes, {}},
    {option::client_machine, "client machine", Form::bytes, {}},
    {option::subnet_selection, "subnet selection", Form::addresses, {}},
    {option::ipxe, "iPXE", Form::options, ipxe_options},
};

constexpr std::string_view message_types[] = {"DISCOVER", "OFFER", "REQUEST", "DECLINE",
                                              "ACK",      "NAK",   "RELEASE", "INFORM"};

const Known& known(std::span<const Known> table, std::uint8_t code) {
  static constexpr Known unknown{};
  const auto found = std::ranges::find(table, code, &Known::code);
  return found == table.end() ? unknown : *found;
}

std::string type_name(const Packet& packet) {
  const auto type = packet.message_type();
  if (!type) return "BOOTP or unknown";
  return std::string(message_types[static_cast<std::size_t>(*type) - 1]);
}

std::string shown_number(wire::Bytes value) {
  if (value.empty() || value.size() > 4) return hex(value);
  std::uint32_t number = 0;
  for (const auto byte : value) number = number << 8 | std::to_integer<std::uint32_t>(byte);
  return fmt::format("{}", number);
}

std::string shown_addresses(wire::Bytes value) {
  if (value.empty() || value.size() % 4 != 0) return hex(value);
  std::string text;
  wire::Reader in(value.first(std::min(value.size(), max_shown / 4 * 4)));
  while (!in.at_end()) {
    if (!text.empty()) text += ' ';
    text += ipv4_address(in.u32()).text();
  }
  return text;
}

std::string shown_codes(wire::Bytes value) {
  const auto text = wire::as_text(value.first(std::min(value.size(), max_shown)));
  std::vector<int> codes;
  for (const char c : text) codes.push_back(static_cast<unsigned char>(c));
  return fmt::format("{}", fmt::join(codes, " "));
}

std::string shown_architectures(wire::Bytes value) {
  std::string text;
  for (const auto type : parse_architectures(value.first(std::min(value.size(), max_shown)))) {
    if (!text.empty()) text += ", ";
    fmt::format_to(std::back_inserter(text), "{} ({})", type, architecture_name(type));
  }
  return text;
}

std::string shown_value(const Known& how, wire::Bytes value);

/// Encapsulated options on one line; hexadecimal digits for what is none, such as other vendors'
/// option 43.
std::string shown_options(std::span<const Known> table, wire::Bytes value) {
  const auto parsed = parse_encapsulated(value);
  if (!parsed) return hex(value);
  std::string text;
  for (const auto& option : parsed->all()) {
    const auto& how = known(table, option.code);
    if (!text.empty()) text += ", ";
    fmt::format_to(std::back_inserter(text), "{}{}{}={}", option.code, how.name.empty() ? "" : " ",
                   how.name, shown_value(how, option.value));
  }
  return text;
}

std::string shown_value(const Known& how, wire::Bytes value) {
  switch (how.form) {
    case Form::text:
      return printable(value);
    case Form::number:
      return shown_number(value);
    case Form::addresses:
      return shown_addresses(value);
    case Form::codes:
      return shown_codes(value);
    case Form::architectures:
      return shown_architectures(value);
    case Form::options:
      return shown_options(how.inner, value);
    case Form::message_type:
    case Form::bytes:
      return hex(value);
  }
  return hex(value);
}

void append_header(std::string& text, const Packet& packet) {
  const auto out = std::back_inserter(text);
  const auto hardware = wire::Bytes(std::as_bytes(std::span(packet.chaddr)))
                            .first(std::min<std::size_t>(packet.hlen, 16));
  fmt::format_to(out, "DHCP {} {} xid={:08x} secs={} flags={:04x} hops={} htype={} chaddr={}\n",
                 packet.op == Packet::boot_request ? "request" : "reply", type_name(packet),
                 packet.xid, packet.secs, packet.flags, packet.hops, packet.htype,
                 packet.mac() ? packet.mac()->colons() : hex(hardware));
  fmt::format_to(out, "  ciaddr={} yiaddr={} siaddr={} giaddr={}\n", packet.ciaddr.text(),
                 packet.yiaddr.text(), packet.siaddr.text(), packet.giaddr.text());
  if (!packet.sname.empty()) {
    fmt::format_to(out, "  sname={}\n", printable(wire::as_bytes(packet.sname)));
  }
  if (!packet.file.empty()) {
    fmt::format_to(out, "  file={}\n", printable(wire::as_bytes(packet.file)));
  }
}

}  // namespace

std::string decode(const Packet& packet) {
  std::string text;
  append_header(text, packet);
  for (const auto& option : packet.options.all()) {
    if (option.code == option::message_type && packet.message_type()) continue;
    const auto& how = known(options, option.code);
    fmt::format_to(std::back_inserter(text), "  {}{}{}: {}\n", option.code,
                   how.name.empty() ? "" : " ", how.name, shown_value(how, option.value));
  }
  return text;
}

}  // namespace pixie::dhcp
