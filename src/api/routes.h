// The calls that the API has: one table of methods, paths, and who may make them.
#pragma once

#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "api/access.h"
#include "api/call.h"
#include "api/office.h"
#include "registry/registry.h"
#include "wire/mac.h"

namespace pixie::api {

/// What a handler works with. `mac` is set where the path has `{mac}`, `file` where it has `{file}`.
struct Context {
  registry::Registry& registry;
  const Office& office;
  const Call& call;
  wire::Mac mac = {};
  std::string file = {};
};

struct Route {
  std::string_view method;
  /// Below base_path, as in openapi.json: `/machines/{mac}/boots`. `{file}` stands for all that follows, slashes and all.
  std::string_view path;
  Access access;
  Answer (*handle)(const Context&);
};

std::span<const Route> routes();

struct Found {
  const Route& route;
  std::optional<wire::Mac> mac;
  std::string file = {};
};

/// The route of a call; else the answer: 404, 405 with Allow, or 400 for a MAC address that is none.
std::expected<Found, Answer> find_route(const Call& call);

}  // namespace pixie::api
