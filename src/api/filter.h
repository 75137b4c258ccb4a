// Which messages of the live feed a subscriber wants.
#pragma once

#include <optional>
#include <string_view>

#include "events/event.h"
#include "http/target.h"
#include "wire/error.h"
#include "wire/mac.h"

namespace pixie::api {

struct Filter {
  bool log = true;
  bool machine = true;
  bool problems = true;
  bool images = true;
  /// Log messages of this severity and graver ones.
  events::Severity level = events::Severity::info;
  /// Only what is about this machine; mistakes of the files, and images, are about all.
  std::optional<wire::Mac> mac = {};
};

/// `error`, `warning`, `info`, `debug`.
std::string_view severity_name(events::Severity severity);

/// From a query: `types=log,machine&level=warning&mac=52:54:00:ab:cd:ef`. What is not given is as in a new Filter.
Expected<Filter> parse_filter(const http::Target& target);

}  // namespace pixie::api
