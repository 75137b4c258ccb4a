#include "api/filter.h"

#include <algorithm>
#include <array>
#include <string>

#include <fmt/format.h>

#include "http/syntax.h"

namespace pixie::api {
namespace {

/// In the order of events::Severity.
constexpr std::array<std::string_view, 4> severities{"error", "warning", "info", "debug"};

Expected<void> set_types(Filter& filter, std::string_view types) {
  filter.log = filter.machine = filter.problems = filter.images = false;
  while (const auto type = http::next_element(types)) {
    if (*type == "log") {
      filter.log = true;
    } else if (*type == "machine") {
      filter.machine = true;
    } else if (*type == "problems") {
      filter.problems = true;
    } else if (*type == "images") {
      filter.images = true;
    } else {
      return fail(fmt::format("types: '{}' is none of log, machine, problems and images", *type));
    }
  }
  return {};
}

}  // namespace

std::string_view severity_name(events::Severity severity) {
  return severities[static_cast<std::size_t>(severity)];
}

Expected<Filter> parse_filter(const http::Target& target) {
  Filter filter;
  if (const auto types = target.query("types")) {
    if (const auto set = set_types(filter, *types); !set) return std::unexpected(set.error());
  }
  if (const auto level = target.query("level")) {
    const auto found = std::ranges::find(severities, *level);
    if (found == severities.end())
      return fail(fmt::format("level: '{}' is none of error, warning, info and debug", *level));
    filter.level = static_cast<events::Severity>(found - severities.begin());
  }
  if (const auto mac = target.query("mac")) {
    filter.mac = wire::Mac::parse(*mac);
    if (!filter.mac) return fail(fmt::format("mac: '{}' is no MAC address", *mac));
  }
  return filter;
}

}  // namespace pixie::api
