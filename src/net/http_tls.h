// The beginning of an HTTPS connection: the handshake, with its patience and its events.
#pragma once

#include "net/http_connection.h"

namespace pixie::net {

/// Shakes hands with a client; the connection learns the name that it asked for. False: the connection is over.
Task<bool> shake_hands(Connection& connection);

}  // namespace pixie::net
