#include "dhcp/boot.h"

#include <array>

#include "dhcp/option.h"

namespace pixie::dhcp {
namespace {

constexpr std::string_view chain_script = "chain.ipxe";

std::string url(const BootServer& server, std::string_view path) {
  auto text = "http://" + server.address.url_host();
  if (server.http_port != 80) text += ':' + std::to_string(server.http_port);
  return text.append("/").append(path);
}

void set_pxe_options(Packet& reply, const Options& encapsulated) {
  reply.options.set(option::vendor_specific, write_encapsulated(encapsulated, EndOption::present));
}

/// Discovery control (PXE 2.1, tag 6): bit 3, "only use and download the file in this offer".
void set_use_this_file(Packet& reply) {
  Options pxe;
  pxe.set_u8(pxe_option::discovery_control, 8);
  set_pxe_options(reply, pxe);
}

/// The menu that Raspberry Pi's ROM waits for: one item, of type 0 (local boot), with this text.
void set_raspberry_pi_menu(Packet& reply) {
  constexpr std::string_view item{"\0\0\x11Raspberry Pi Boot", 20};
  constexpr std::string_view prompt{"\0PXE", 4};
  Options pxe;
  // Neither broadcast nor multicast discovery.
  pxe.set_u8(pxe_option::discovery_control, 3);
  pxe.set_text(pxe_option::menu_prompt, prompt);
  pxe.set_text(pxe_option::boot_menu, item);
  set_pxe_options(reply, pxe);
}

bool takes_option_43(Firmware firmware, Form form) {
  const bool primary = form == Form::primary;
  switch (firmware) {
    case Firmware::bios:
      return primary;
    case Firmware::uefi:
    case Firmware::other:
      return !primary;
    default:
      return false;
  }
}

}  // namespace

std::string boot_file(const ClientFacts& client, BootAnswer::Give give, std::string_view rom,
                      const BootServer& server) {
  if (give == BootAnswer::Give::nothing || client.firmware == Firmware::raspberry_pi) return {};
  if (client.is_ipxe) return url(server, chain_script);
  if (client.wants_url)
    return rom.empty() ? std::string()
                       : url(server, give == BootAnswer::Give::script ? chain_script : rom);
  // An iPXE that doesn't say so: by the protocol that every build of it has.
  return std::string(give == BootAnswer::Give::script ? chain_script : rom);
}

void add_boot_options(Packet& reply, const ClientFacts& client, std::string_view file, Form form,
                      Role role, const BootServer& server) {
  const auto host = server.address.text();
  const bool proxy = role == Role::proxy;
  reply.siaddr = server.address;
  reply.sname = host;
  if (!client.client_machine.empty())
    reply.options.set(option::client_machine, client.client_machine);
  if (client.wants_url) {
    reply.options.set_text(option::vendor_class, "HTTPClient");
    reply.options.set_text(option::bootfile_name, file);
    if (form == Form::primary) reply.file = file;
    return;
  }
  const bool with_43 =
      takes_option_43(client.firmware, form) && (proxy || form == Form::alternative);
  if (proxy || with_43 || client.firmware == Firmware::raspberry_pi)
    reply.options.set_text(option::vendor_class, "PXEClient");
  if (client.firmware == Firmware::raspberry_pi) return set_raspberry_pi_menu(reply);
  if (with_43) set_use_this_file(reply);
  reply.file = file;
  reply.options.set_terminated_text(option::tftp_server_name, host);
  reply.options.set_terminated_text(option::bootfile_name, file);
  if (client.is_ipxe && !proxy) {
    // No proxy is to be waited for.
    Options ipxe;
    ipxe.set_u8(ipxe_option::no_pxedhcp, 1);
    reply.options.set(option::ipxe, write_encapsulated(ipxe, EndOption::absent));
  }
}

}  // namespace pixie::dhcp
