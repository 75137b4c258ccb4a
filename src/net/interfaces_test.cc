// Interfaces as the kernel lists them, and the choice among them.
#include "net/interfaces.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/testing.h"

namespace pixie::net {
namespace {

Interface made(std::string name, bool up, std::vector<InterfaceAddress> addresses) {
  Interface interface;
  interface.name = std::move(name);
  interface.up = up;
  interface.addresses = std::move(addresses);
  return interface;
}

std::vector<Interface> some_interfaces() {
  auto loopback = made("lo", true, {{wire::IpAddress::v4(127, 0, 0, 1), 8}});
  loopback.loopback = true;
  return {loopback, made("lan", true, {{wire::IpAddress::v4(192, 0, 2, 1), 24}}),
          made("down", false, {{wire::IpAddress::v4(192, 0, 2, 1), 24}}), made("bare", true, {}),
          made("lab", true, {{wire::IpAddress::v4(198, 51, 100, 1), 30}})};
}

std::vector<std::string> chosen(std::vector<std::string> names) {
  const auto result = choose_interfaces(names, some_interfaces());
  if (!result) return {result.error().text};
  std::vector<std::string> found;
  for (const auto& interface : *result) found.push_back(interface.name);
  return found;
}

TEST(Interfaces, AreChosenByNameOrAllThatWork) {
  EXPECT_THAT(chosen({}), testing::ElementsAre("lan", "lab"));
  EXPECT_THAT(chosen({"lab", "lan"}), testing::ElementsAre("lab", "lan"));
  EXPECT_THAT(chosen({"lo"}), testing::ElementsAre("lo"));
}

TEST(Interfaces, ThatCantBeChosenSayWhy) {
  const auto one = [](std::string_view text) {
    return testing::ElementsAre(testing::HasSubstr(std::string(text)));
  };
  EXPECT_THAT(chosen({"lan", "wan"}), one("'wan'; this machine has lo, lan, down, bare, lab"));
  EXPECT_THAT(chosen({"down"}), one("ip link set down up"));
  EXPECT_THAT(chosen({"bare"}), one("bare has no IPv4 address"));
  const auto none = choose_interfaces({}, {});
  ASSERT_FALSE(none);
  EXPECT_TRUE(none.error().text.contains("has an IPv4 address"));
}

TEST(Interfaces, KnowTheirNetworks) {
  struct Case {
    unsigned prefix;
    const char* other;
    bool shared;
  };
  const Case cases[] = {
      {24, "192.0.2.255", true}, {24, "192.0.3.77", false}, {30, "192.0.2.78", true},
      {30, "192.0.2.80", false}, {32, "192.0.2.77", true},  {32, "192.0.2.76", false},
      {0, "203.0.113.1", true},  {0, "2001:db8::1", false},
  };
  for (const auto& [prefix, other, shared] : cases) {
    const auto interface = made(
        "x", true,
        {{wire::IpAddress::v4(10, 0, 0, 1), 32}, {wire::IpAddress::v4(192, 0, 2, 77), prefix}});
    EXPECT_EQ(interface.reaches(*wire::IpAddress::parse(other)), shared) << other << '/' << prefix;
  }
}

TEST(Interfaces, AreReadFromTheKernel) {
  const std::string commands = std::string(two_ends_of_a_wire) + R"(
address add 198.51.100.9/30 dev near label near:1
address add 2001:db8::7/64 dev near nodad
link add unused type veth peer name other)";
  in_own_network(commands, [] {
    const auto all = interfaces();
    ASSERT_TRUE(all) << all.error().text;
    ASSERT_EQ(all->size(), 5U);
    EXPECT_TRUE(all->front().loopback);
    EXPECT_EQ(all->front().mac, wire::Mac{});

    const auto near = interface_named("near");
    EXPECT_NE(near.index, 0U);
    EXPECT_EQ(near.mac, *wire::Mac::parse("52:54:00:00:00:01"));
    EXPECT_EQ(near.address.text(), "192.0.2.1");
    EXPECT_EQ(near.prefix, 24U);
    EXPECT_THAT(near.addresses,
                testing::ElementsAre(InterfaceAddress{wire::IpAddress::v4(192, 0, 2, 1), 24},
                                     InterfaceAddress{wire::IpAddress::v4(198, 51, 100, 9), 30}));
    ASSERT_TRUE(near.ipv6 && near.ipv6_link_local);
    EXPECT_EQ(near.ipv6->text(), "2001:db8::7");
    EXPECT_TRUE(near.ipv6_link_local->is_link_local_v6());
    EXPECT_TRUE(near.up && !near.loopback);

    const auto found = std::ranges::find(*all, "unused", &Interface::name);
    ASSERT_NE(found, all->end());
    const auto& unused = *found;
    EXPECT_FALSE(unused.up || unused.has_ipv4() || unused.ipv6);
    EXPECT_TRUE(unused.address.is_unspecified());
  });
}

}  // namespace
}  // namespace pixie::net
