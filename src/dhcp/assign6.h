// Server mode's answers to identity associations (RFC 8415 section 18.3): which addresses a message
// gets, keeps or loses. Temporary addresses and prefixes are refused: nothing that boots needs
// them.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "dhcp/ia6.h"
#include "dhcp/leases6.h"
#include "dhcp/packet6.h"

namespace pixie::dhcp {

struct Associations6 {
  /// For the reply.
  std::vector<Ia> ias;
  /// What changed in `leases`: lines to be written before the reply is sent.
  std::string journal;
};

/// `commit` makes a solicit answered at once (rapid commit) the same as a request. Other message
/// types than solicit, request, renew, rebind, release and decline get no associations.
Associations6 associate(MessageType6 type, bool commit, const std::vector<std::byte>& duid,
                        const std::vector<Ia>& wanted, Leases6& leases, Leases6::Time now);

/// Whether every address is one of the link (confirm, RFC 8415 section 18.3.3).
bool all_on_link(const std::vector<Ia>& ias, const Range6& range);

}  // namespace pixie::dhcp
