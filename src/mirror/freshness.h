// How long an answer may be served without asking for it again (RFC 9111 section 4.2).
#pragma once

#include <cstdint>
#include <ctime>

#include "http/request.h"

namespace pixie::mirror {

struct Freshness {
  /// No: it serves those who wait for it now, and is then forgotten (no-store, private).
  bool keep = true;
  /// From now on; 0: it is asked for again each time.
  std::uint32_t seconds = 0;
};

/// In this order: no-store and private; no-cache; s-maxage, max-age, and Expires, each less the Age; else a tenth of the
/// time since Last-Modified, at least a minute and at most an hour: indexes of packages that belong together must not
/// drift apart.
Freshness freshness(const http::Fields& answer, std::time_t now);

}  // namespace pixie::mirror
