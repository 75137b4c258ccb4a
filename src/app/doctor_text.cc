#include "app/doctor_text.h"

#include <iterator>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "dhcp/architecture.h"

namespace pixie::app {

Expected<net::Interface> choose_interface(const std::string& name) {
  auto existing = net::interfaces();
  if (!existing) return std::unexpected(existing.error());
  std::vector<std::string> names;
  if (!name.empty()) names.push_back(name);
  auto chosen = net::choose_interfaces(names, std::move(*existing));
  if (!chosen) return std::unexpected(chosen.error());
  return std::move(chosen->front());
}

std::string client_title(const dhcp::ClientFacts& client) {
  const auto firmware = dhcp::firmware_name(client.firmware);
  if (client.architectures.empty()) return std::string(firmware);
  return fmt::format("{}, {}", firmware, dhcp::architecture_name(client.architectures.front()));
}

std::string findings_text(std::span<const doctor::Finding> findings) {
  std::string text;
  for (const auto& finding : findings) {
    fmt::format_to(std::back_inserter(text), "  {} [{}] {}\n    remedy: {}\n",
                   finding.stops_boot ? "cause:" : "note: ", finding.id, finding.cause,
                   finding.remedy);
  }
  return text;
}

}  // namespace pixie::app
