#include "events/boot.h"

namespace pixie::events {

std::string_view stage_name(Stage stage) {
  constexpr std::string_view names[] = {"dhcp", "rom", "ipxe", "script", "loading", "system"};
  return names[static_cast<std::size_t>(stage)];
}

std::string_view outcome_name(Outcome outcome) {
  constexpr std::string_view names[] = {"under_way",   "booted",     "local",
                                        "handed_over", "installing", "installed",
                                        "failed",      "stalled",    "superseded"};
  return names[static_cast<std::size_t>(outcome)];
}

}  // namespace pixie::events
