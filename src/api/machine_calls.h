// The calls about machines and their boots.
#pragma once

#include "api/call.h"
#include "api/routes.h"

namespace pixie::api {

Answer list_machines(const Context& context);
Answer get_machine(const Context& context);
Answer put_machine(const Context& context);
Answer patch_machine(const Context& context);
Answer delete_machine(const Context& context);
Answer machine_done(const Context& context);
Answer list_boots_of_machine(const Context& context);
Answer list_boots(const Context& context);
Answer list_live_boots(const Context& context);

}  // namespace pixie::api
