// What DHCP saw of a machine, as facts of its identity.
#pragma once

#include <string_view>

#include "dhcp/client.h"
#include "dhcp/client6.h"
#include "machines/identity.h"
#include "wire/address.h"

namespace pixie::net {

/// `interface` is ours that the message came by; `address` what the machine was given, unspecified if it wasn't.
machines::Identity identity_of(const dhcp::ClientFacts& client, std::string_view interface,
                               const wire::IpAddress& address);
machines::Identity identity_of(const dhcp::ClientFacts6& client, std::string_view interface);

}  // namespace pixie::net
