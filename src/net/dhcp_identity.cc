#include "net/dhcp_identity.h"

#include <fmt/format.h>

#include "dhcp/architecture.h"
#include "net/interfaces.h"

namespace pixie::net {
namespace {

using machines::Fact;
using machines::Source;

void learn_architecture(machines::Identity& who, const std::vector<std::uint16_t>& types) {
  for (const auto type : types) {
    const auto* architecture = dhcp::find_architecture(type);
    if (!architecture) continue;
    who.learn(Fact::arch, dhcp::ipxe_architecture(type), Source::claimed);
    using dhcp::Platform;
    if (architecture->platform == Platform::bios)
      who.learn(Fact::firmware, "bios", Source::claimed);
    if (architecture->platform == Platform::uefi)
      who.learn(Fact::firmware, architecture->http ? "http" : "uefi", Source::claimed);
    return;
  }
}

void learn_way(machines::Identity& who, std::string_view interface) {
  who.learn(Fact::interface, interface, Source::observed);
  who.learn(Fact::vlan, vlan_of(interface), Source::observed);
}

}  // namespace

machines::Identity identity_of(const dhcp::ClientFacts& client, std::string_view interface,
                               const wire::IpAddress& address) {
  machines::Identity who;
  if (client.mac) who.learn(Fact::mac, client.mac->colons(), Source::observed);
  who.learn(Fact::uuid, client.uuid, Source::claimed);
  who.learn(Fact::hostname, client.host_name, Source::claimed);
  // iPXE's own DHCP says what it was built for, which on BIOS is no processor, and never how its firmware boots.
  if (!client.is_ipxe) learn_architecture(who, client.architectures);
  if (client.is_ipxe) who.learn(Fact::user_class, "iPXE", Source::claimed);
  if (!address.is_unspecified()) who.learn(Fact::ip, address.text(), Source::observed);
  const auto& relay = client.relay;
  if (!relay.giaddr.is_unspecified()) who.learn(Fact::relay, relay.giaddr.text(), Source::observed);
  who.learn(Fact::circuit_id, relay.circuit_id, Source::observed);
  who.learn(Fact::remote_id, relay.remote_id, Source::observed);
  learn_way(who, interface);
  return who;
}

machines::Identity identity_of(const dhcp::ClientFacts6& client, std::string_view interface) {
  machines::Identity who;
  if (client.mac) who.learn(Fact::mac, client.mac->colons(), Source::observed);
  if (client.firmware != dhcp::Firmware6::ipxe) learn_architecture(who, client.architectures);
  learn_way(who, interface);
  return who;
}

}  // namespace pixie::net
