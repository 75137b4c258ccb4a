#include "api/fleet_calls.h"

#include <cstdint>

#include "api/filter.h"
#include "api/json.h"

extern "C" const char pixie_openapi[];
extern "C" const std::uint64_t pixie_openapi_size;

namespace pixie::api {

std::string_view openapi_document() { return {pixie_openapi, pixie_openapi_size}; }

Answer get_version(const Context& context) {
  return json_answer({{"version", context.office.version()}});
}

Answer get_health(const Context& context) {
  const auto problems = context.office.health_problems();
  return json_answer({{"status", problems.empty() ? "ok" : "degraded"}, {"problems", problems}});
}

Answer get_openapi(const Context& /*context*/) {
  return {{.content_type = "application/json", .body = std::string(openapi_document())}};
}

Answer list_profiles(const Context& context) {
  return json_answer(profiles(*context.office.fleet()));
}

Answer list_rules(const Context& context) { return json_answer(rules(*context.office.fleet())); }

Answer list_problems(const Context& context) {
  return json_answer(problems(context.office.mistakes()));
}

Answer list_roms(const Context& context) { return json_answer(roms(*context.office.catalogue())); }

Answer follow_events(const Context& context) {
  const auto filter = parse_filter(context.call.target);
  if (!filter) return problem(400, filter.error().text + '.');
  return {.made = {.content_type = "text/event-stream"}, .follow = *filter};
}

}  // namespace pixie::api
