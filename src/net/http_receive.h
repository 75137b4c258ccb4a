// The receiving half of a connection: requests, and bodies that are taken piece by piece.
#pragma once

#include <cstdint>

#include "http/response.h"
#include "net/http_connection.h"
#include "net/http_parser.h"
#include "net/intake.h"

namespace pixie::net {

enum class Received : std::uint8_t { request, fault, ended };

/// Receives the next request into `connection.request`, which `parser` fills in; a fault has the status to answer with.
/// A body that comes in pieces is still to come then.
Task<Received> receive_request(Connection& connection, RequestParser& parser,
                               RequestParser::Fault& fault);

/// Gives the body to `intake`, at most a megabyte at a time, and returns its answer. Meanwhile the connection may end.
Task<http::Made> receive_body(Connection& connection, RequestParser& parser, Intake& intake);

/// After an error some of the request may still be on its way; closing at once would make the kernel send a
/// reset that can overtake the answer (RFC 9112 section 9.6).
Task<void> linger(Connection& connection);

}  // namespace pixie::net
