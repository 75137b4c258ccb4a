// Addresses of names, asked of the servers of /etc/resolv.conf and of /etc/hosts by c-ares: a static program can't use
// getaddrinfo(), which loads the system's own libraries.
#pragma once

#include <string>
#include <vector>

#include "net/patience.h"
#include "wire/address.h"
#include "wire/error.h"

namespace pixie::net {

/// All addresses of `name`, which may be an address itself, in the order in which they should be tried (RFC 6724).
Expected<std::vector<wire::IpAddress>> resolve(const std::string& name, const Patience& patience);

}  // namespace pixie::net
