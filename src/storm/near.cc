#include "storm/near.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace pixie::storm {

bool is_near(const wire::IpAddress& address) {
  static constexpr std::array<std::string_view, 8> near{
      "127.0.0.0/8",    "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",
      "169.254.0.0/16", "::1/128",    "fc00::/7",      "fe80::/10"};
  return std::ranges::any_of(near, [&](std::string_view text) {
    const auto network = wire::Network::parse(text);
    return network && network->contains(address);
  });
}

}  // namespace pixie::storm
