#include "api/routes.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "api/explain.h"
#include "api/fleet_calls.h"
#include "api/image_calls.h"
#include "api/machine_calls.h"
#include "api/mirror_calls.h"

namespace pixie::api {
namespace {

using enum Access;

constexpr std::array table{
    Route{"GET", "/version", open, get_version},
    Route{"GET", "/health", open, get_health},
    Route{"GET", "/openapi.json", open, get_openapi},
    Route{"GET", "/machines", read, list_machines},
    Route{"GET", "/machines/{mac}", read, get_machine},
    Route{"PUT", "/machines/{mac}", write, put_machine},
    Route{"PATCH", "/machines/{mac}", write, patch_machine},
    Route{"DELETE", "/machines/{mac}", write, delete_machine},
    Route{"POST", "/machines/{mac}/done", open, machine_done},
    Route{"GET", "/machines/{mac}/boots", read, list_boots_of_machine},
    Route{"GET", "/machines/{mac}/script", read, get_script},
    Route{"GET", "/boots", read, list_boots},
    Route{"GET", "/boots/live", read, list_live_boots},
    Route{"GET", "/explain/{mac}", read, get_explanation},
    Route{"GET", "/profiles", read, list_profiles},
    Route{"GET", "/rules", read, list_rules},
    Route{"GET", "/problems", read, list_problems},
    Route{"GET", "/roms", read, list_roms},
    Route{"GET", "/images", read, list_images},
    Route{"GET", "/images/{file}", read, get_image},
    Route{"PUT", "/images/{file}", write, put_image},
    Route{"DELETE", "/images/{file}", write, delete_image},
    Route{"GET", "/mirror", read, get_mirror},
    Route{"GET", "/events", read, follow_events},
};

constexpr std::string_view mac_segment = "{mac}";
constexpr std::string_view file_segments = "{file}";

/// What stands for `{mac}` and `{file}`.
struct Variables {
  std::optional<std::string_view> mac;
  std::string file;
};

/// Whether the segments are those of the path.
bool matches(std::string_view path, std::span<const std::string> segments, Variables& variables) {
  auto& [mac, file] = variables;
  for (const std::string& segment : segments) {
    if (path.empty()) return false;
    path.remove_prefix(1);
    const auto wanted = path.substr(0, path.find('/'));
    path.remove_prefix(wanted.size());
    if (wanted == file_segments) {
      const auto rest = segments.subspan(static_cast<std::size_t>(&segment - segments.data()));
      file = fmt::format("{}", fmt::join(rest, "/"));
      return true;
    }
    if (wanted == mac_segment) {
      mac = segment;
    } else if (wanted != segment) {
      return false;
    }
  }
  return path.empty();
}

Answer method_not_allowed(const std::string& allowed) {
  auto answer = problem(405, fmt::format("What can be done here: {}.", allowed));
  answer.made.fields.emplace_back("Allow", allowed);
  return answer;
}

}  // namespace

std::span<const Route> routes() { return table; }

std::expected<Found, Answer> find_route(const Call& call) {
  std::string allowed;
  for (const Route& route : table) {
    Variables variables;
    if (!matches(route.path, call.segments, variables)) continue;
    if (route.method != call.method) {
      allowed += fmt::format("{}{}{}", allowed.empty() ? "" : ", ", route.method,
                             route.method == "GET" ? ", HEAD" : "");
      continue;
    }
    const auto& segment = variables.mac;
    if (!segment) return Found{route, std::nullopt, std::move(variables.file)};
    const auto mac = wire::Mac::parse(*segment);
    if (!mac) return refuse(400, fmt::format("'{}' is no MAC address.", *segment));
    return Found{route, mac};
  }
  if (!allowed.empty()) return std::unexpected(method_not_allowed(allowed));
  return refuse(404, "The API has no such path; /api/v1/openapi.json lists them.");
}

}  // namespace pixie::api
