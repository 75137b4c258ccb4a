// Conditional requests: whether a client's copy is still good (RFC 9110 section 13).
#pragma once

#include <ctime>

#include "http/representation.h"
#include "http/request.h"

namespace pixie::http {

enum class Precondition {
  holds,         ///< go on
  not_modified,  ///< 304
  failed,        ///< 412
};

/// Evaluates If-Match, If-Unmodified-Since, If-None-Match and If-Modified-Since of a GET or HEAD
/// request in the order of section 13.2.2. A date that is malformed or sent twice is ignored; so is
/// every date if the representation has no time of modification. `now` gives two-digit years their
/// century.
Precondition check_preconditions(const Request& request, const Representation& representation,
                                 std::time_t now);

/// Whether the Range field counts (section 13.1.5): without an If-Range field always; else only if
/// its entity tag is strong and the representation's, or its date is exactly the representation's
/// time of modification and that second is over (within it, the file could have changed once more
/// under the same date).
bool range_applies(const Request& request, const Representation& representation, std::time_t now);

}  // namespace pixie::http
