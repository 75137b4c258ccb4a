// The MTU of each interface, looked up once in a while.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>

namespace pixie::net {

/// Belongs to one loop.
class MtuTable {
 public:
  /// In bytes; at most five seconds old. 1500 if the interface is gone or unknown (index 0).
  std::uint32_t of(std::uint32_t interface);

 private:
  struct Known {
    std::uint32_t mtu;
    std::chrono::steady_clock::time_point looked_up;
  };
  std::map<std::uint32_t, Known> known_;
};

}  // namespace pixie::net
