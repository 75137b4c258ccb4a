// Messages to the service manager: sd_notify(3).
#pragma once

#include <string_view>

namespace pixie::app {

/// Sends `state`, such as `READY=1`, to $NOTIFY_SOCKET; does nothing if there is none.
void notify_service_manager(std::string_view state);

}  // namespace pixie::app
