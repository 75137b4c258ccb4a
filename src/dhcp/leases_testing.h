// What the tests of the lease table share: clients, and a table to ask.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "dhcp/leases.h"

namespace pixie::dhcp {

inline wire::IpAddress ip(std::string_view text) { return wire::IpAddress::parse(text).value(); }

inline LeaseRange range(std::string_view first, std::string_view last, std::string_view network) {
  return {.first = ip(first), .last = ip(last), .network = wire::Network::parse(network).value()};
}

inline wire::Mac mac(unsigned number) {
  return {{0x52, 0x54, 0x00, static_cast<std::uint8_t>(number >> 16),
           static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number)}};
}

/// The machine `number` on the network 10.0.0.0/24 of the tests.
inline LeaseClient machine(unsigned number, std::string identifier = {}) {
  LeaseClient client;
  client.identifier = std::move(identifier);
  client.mac = mac(number);
  client.link = ip("10.0.0.1");
  return client;
}

/// Some seconds after the start of the tests' time.
inline Leases::Time at(std::chrono::seconds since) {
  return Leases::Time(std::chrono::seconds(1'795'000'000) + since);
}

}  // namespace pixie::dhcp
