// What both kinds of the doctor's work need: the interface to work on, and findings as text.
#pragma once

#include <span>
#include <string>

#include "dhcp/client.h"
#include "doctor/finding.h"
#include "net/interfaces.h"
#include "wire/error.h"

namespace pixie::app {

/// The named one, or the first that is up and has an IPv4 address, but loopback.
Expected<net::Interface> choose_interface(const std::string& name);

/// `BIOS, x86 BIOS`: firmware and architecture.
std::string client_title(const dhcp::ClientFacts& client);

/// Two lines for each: the cause with its id, and the remedy.
std::string findings_text(std::span<const doctor::Finding> findings);

}  // namespace pixie::app
