// Entries of the kernel's neighbour table, in a network of the test's own.
#include "net/neighbours.h"

#include <string>

#include <gtest/gtest.h>

#include "net/testing.h"

namespace pixie::net {
namespace {

TEST(Neighbours, AreFoundByAddressAndInterface) {
  const std::string commands = std::string(two_ends_of_a_wire) + R"(
address add 2001:db8::1/64 dev near nodad
route add 203.0.113.0/24 via 192.0.2.7
neighbour add 192.0.2.7 lladdr 52:54:00:00:00:07 nud permanent dev near
neighbour add 192.0.2.8 lladdr 52:54:00:00:00:08 nud stale dev near
neighbour add 192.0.2.9 lladdr 52:54:00:00:00:09 nud failed dev near
neighbour add 192.0.2.7 lladdr 52:54:00:00:00:17 nud permanent dev far
neighbour add 2001:db8::7 lladdr 52:54:00:00:00:27 nud permanent dev near
neighbour add fe80::7 lladdr 52:54:00:00:00:37 nud permanent dev near)";
  struct Case {
    const char* address;
    const char* interface;
    const char* mac;
  };
  const Case cases[] = {
      {"192.0.2.7", "near", "52:54:00:00:00:07"},
      {"192.0.2.7", "far", "52:54:00:00:00:17"},
      {"192.0.2.7", "", "52:54:00:00:00:07"},
      {"192.0.2.8", "near", "52:54:00:00:00:08"},
      {"192.0.2.8", "far", ""},
      {"192.0.2.9", "near", ""},
      {"192.0.2.10", "near", ""},
      {"192.0.2.10", "", ""},
      {"192.0.2.1", "", ""},
      {"203.0.113.1", "", ""},
      {"198.51.100.1", "", ""},
      {"127.0.0.1", "lo", ""},
      {"::1", "", ""},
      {"2001:db8::7", "near", "52:54:00:00:00:27"},
      {"2001:db8::7", "", "52:54:00:00:00:27"},
      {"2001:db8::8", "", ""},
      {"fe80::7", "near", "52:54:00:00:00:37"},
  };
  in_own_network(commands, [&] {
    Neighbours neighbours;
    for (const auto& [address, interface, mac] : cases) {
      const auto index = *interface ? interface_named(interface).index : 0;
      const auto found = neighbours.find(*wire::IpAddress::parse(address), index);
      EXPECT_EQ(found ? found->colons() : "", mac) << address << " on " << interface;
    }
    EXPECT_FALSE(neighbours.find(*wire::IpAddress::parse("192.0.2.7"), 9999));
  });
}

}  // namespace
}  // namespace pixie::net
