// Whom a storm may strike without being told twice.
#pragma once

#include "wire/address.h"

namespace pixie::storm {

/// Loopback, private (RFC 1918, RFC 4193) and link-local addresses (RFC 3927, RFC 4291).
bool is_near(const wire::IpAddress& address);

}  // namespace pixie::storm
