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

/// The files and folders that it reads.
std::vector<std::string> resolver_files();

/// Name servers that /etc/resolv.conf has now are asked when it can't be read any more: in a sandbox, once it is another
/// file. Call it before any thread is started.
void remember_name_servers();

}  // namespace pixie::net
