// The calls about the server, and what its owner wrote.
#pragma once

#include <string_view>

#include "api/call.h"
#include "api/routes.h"

namespace pixie::api {

/// The embedded OpenAPI document.
std::string_view openapi_document();

Answer get_version(const Context& context);
Answer get_health(const Context& context);
Answer get_openapi(const Context& context);
Answer list_profiles(const Context& context);
Answer list_rules(const Context& context);
Answer list_problems(const Context& context);
Answer list_roms(const Context& context);
Answer follow_events(const Context& context);

}  // namespace pixie::api
