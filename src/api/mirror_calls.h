// The call about the mirror.
#pragma once

#include "api/call.h"
#include "api/routes.h"

namespace pixie::api {

Answer get_mirror(const Context& context);

}  // namespace pixie::api
