// A DHCPv4 message as text for people: the debug log and the doctor.
#pragma once

#include <string>

#include "dhcp/packet.h"

namespace pixie::dhcp {

/// Several lines, each ending with a line break: the header's fields that say something, then an
/// option per line. Printable ASCII, whatever the message holds; long values are cut.
std::string decode(const Packet& packet);

}  // namespace pixie::dhcp
