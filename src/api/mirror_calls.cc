#include "api/mirror_calls.h"

#include <chrono>

#include "api/json.h"
#include "http/url.h"
#include "mirror/location.h"

namespace pixie::api {
namespace {

Json time_of(std::int64_t seconds) { return json_of(events::Time(std::chrono::seconds(seconds))); }

Json entry_json(const mirror::Folder::Described& described) {
  const auto& entry = described.entry;
  const auto url = http::Url::parse(entry.url);
  return {{"url", entry.url},
          {"path", url ? Json(mirror::path_of(*url)) : Json()},
          {"size", entry.size},
          {"have", entry.have},
          {"whole", entry.whole()},
          {"sha256", entry.whole() ? Json(entry.sha256) : Json()},
          {"fetched", time_of(entry.fetched)},
          {"validated", time_of(entry.validated)},
          {"fresh_until", time_of(entry.validated + entry.fresh)},
          {"used", time_of(described.used)}};
}

}  // namespace

Answer get_mirror(const Context& context) {
  const auto view = context.office.mirror();
  const auto shown = view.value_or(mirror::View{});
  const auto asked = static_cast<double>(shown.hits + shown.misses);
  auto entries = Json::array();
  for (const auto& described : shown.entries) entries.push_back(entry_json(described));
  return json_answer(
      {{"on", view.has_value()},
       {"hits", shown.hits},
       {"misses", shown.misses},
       {"stale", shown.stale},
       {"hit_rate", asked > 0 ? Json(static_cast<double>(shown.hits) / asked) : Json()},
       {"fetched_bytes", shown.fetched_bytes},
       {"fetching", shown.fetching},
       {"files", shown.files},
       {"bytes", shown.bytes},
       {"limit_bytes", shown.limit_bytes},
       {"entries", std::move(entries)}});
}

}  // namespace pixie::api
