// What a machine would boot now, and why: asked without any effect.
#pragma once

#include "api/call.h"
#include "api/routes.h"

namespace pixie::api {

/// The query may claim facts: `?uuid=…&arch=arm64`.
Answer get_explanation(const Context& context);
/// The script alone.
Answer get_script(const Context& context);

}  // namespace pixie::api
