#include "dhcp/client6.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dhcp/goldens6_test.h"
#include "dhcp/option6.h"

namespace pixie::dhcp {
namespace {

using namespace test6;

using testing::ElementsAre;
using testing::IsEmpty;

/// Not made of a MAC.
const auto private_address = ip("fe80::1234:5678:9abc:def0");

Packet6 with(std::initializer_list<std::pair<std::uint16_t, const char*>> options) {
  Packet6 packet;
  for (const auto& [code, hex] : options) packet.options.add(code, from_hex(hex));
  return packet;
}

Firmware6 firmware(std::initializer_list<std::pair<std::uint16_t, const char*>> options) {
  return describe(with(options), private_address).firmware;
}

std::string mac_text(const Packet6& packet, const wire::IpAddress& source = private_address) {
  const auto mac = describe(packet, source).mac;
  return mac ? mac->colons() : "";
}

TEST(Client6, KnowsRealMessages) {
  struct Case {
    const char* name;
    Firmware6 firmware;
    std::vector<std::uint16_t> architectures;
  };
  const Case cases[] = {
      {"edk2.address.solicit", Firmware6::none, {}},
      {"edk2.address.request", Firmware6::none, {}},
      {"edk2.pxe.solicit", Firmware6::uefi, {7}},
      {"edk2.pxe.request", Firmware6::uefi, {7}},
      {"edk2.pxe.release", Firmware6::none, {}},
      {"edk2.http.solicit", Firmware6::uefi_http, {16}},
      {"edk2.http.request", Firmware6::uefi_http, {16}},
      {"ipxe.solicit", Firmware6::ipxe, {7}},
      {"ipxe.request", Firmware6::ipxe, {7}},
  };
  for (const auto& [name, firmware, architectures] : cases) {
    const auto facts = describe(golden6(name), ip("fe80::5054:ff:fe77:1"));
    EXPECT_EQ(facts.firmware, firmware) << name;
    EXPECT_EQ(facts.is_boot_client(), firmware != Firmware6::none) << name;
    EXPECT_EQ(facts.architectures, architectures) << name;
    EXPECT_EQ(facts.mac, wire::Mac::parse("52:54:00:77:00:01")) << name;
    EXPECT_EQ(facts.duid.size(), 18U) << name;
  }
}

TEST(Client6, KnowsOneMachineByItsUuidInFirmwareAndInIpxe) {
  const std::array<std::uint8_t, 16> uuid{0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88,
                                          0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff, 0x00};
  for (const auto name : {"edk2.pxe.solicit", "edk2.http.solicit", "ipxe.solicit"}) {
    EXPECT_EQ(describe(golden6(name), private_address).uuid, uuid) << name;
  }
  EXPECT_FALSE(describe(with({{option6::client_identifier, "000411223344"}}), {}).uuid);
}

TEST(Client6, ReadsWhatIsRequested) {
  const auto facts = describe(golden6("edk2.pxe.solicit"), private_address);
  EXPECT_THAT(facts.requested, ElementsAre(59, 60, 23, 16));
  EXPECT_TRUE(facts.requests(option6::bootfile_url));
  EXPECT_FALSE(facts.requests(option6::preference));
  EXPECT_THAT(describe(with({{option6::option_request, "003b00"}}), {}).requested, ElementsAre(59));
}

TEST(Client6, FindsTheMac) {
  EXPECT_EQ(mac_text(with({{1, "00030001525400aabbcc"}})), "52:54:00:aa:bb:cc");
  EXPECT_EQ(mac_text(with({{1, "0001000113296439525400aabbcc"}})), "52:54:00:aa:bb:cc");
  for (const auto bad : {"", "0003", "00030006525400aabbcc", "00030001525400aabb",
                         "00030001525400aabbccdd", "0002525400aabbcc"}) {
    EXPECT_EQ(mac_text(with({{1, bad}})), "") << bad;
  }
  EXPECT_EQ(mac_text(Packet6{}, ip("fe80::5054:ff:fe77:1")), "52:54:00:77:00:01");
  EXPECT_EQ(mac_text(Packet6{}, ip("fd77::5054:ff:fe77:1")), "");
}

TEST(Client6, BelievesTheRelayFirstThenTheAddressThenTheDuid) {
  auto packet = with({{1, "00030001525400aabbcc"}});
  EXPECT_EQ(mac_text(packet, ip("fe80::5054:ff:fe77:1")), "52:54:00:77:00:01");
  packet.relays = {{1, {}, ip("fe80::5054:ff:fe00:9"), {}},
                   {0, {}, ip("fe80::5054:ff:fe77:2"), {}}};
  EXPECT_EQ(mac_text(packet), "52:54:00:77:00:02");
  packet.relays[0].options.add(option6::client_link_layer, from_hex("0001525400000009"));
  EXPECT_EQ(mac_text(packet), "52:54:00:77:00:02")
      << "only the relay next to the client sees its MAC";
  packet.relays[1].options.add(option6::client_link_layer, from_hex("0001525400000007"));
  EXPECT_EQ(mac_text(packet), "52:54:00:00:00:07");
}

TEST(Client6, FallsBackOnTheVendorClassForTheArchitecture) {
  const auto architectures = [](const char* text) {
    Packet6 packet;
    const std::string_view name = text;
    std::vector<std::byte> value(6 + name.size());
    wire::Writer out(value);
    out.u32(343);
    out.u16(static_cast<std::uint16_t>(name.size()));
    out.bytes(wire::as_bytes(name));
    packet.options.add(option6::vendor_class, value);
    return describe(packet, private_address).architectures;
  };
  EXPECT_THAT(architectures("PXEClient:Arch:00007:UNDI:003000"), ElementsAre(7));
  EXPECT_THAT(architectures("HTTPClient:Arch:00016"), ElementsAre(16));
  EXPECT_THAT(architectures("HTTPClient:Arch:00016:UNDI:003000"), ElementsAre(16));
  for (const auto bad : {"PXEClient", "PXEClient:Arch:", "PXEClient:Arch:x", "PXEClient:Arch:99999",
                         "MSFT 5.0:Arch:00007"}) {
    EXPECT_THAT(architectures(bad), IsEmpty()) << bad;
  }
}

TEST(Client6, KnowsFirmwareByLittle) {
  EXPECT_EQ(firmware({{option6::client_architecture, "0007"}}), Firmware6::uefi);
  EXPECT_EQ(firmware({{option6::client_architecture, "0000000b"}}), Firmware6::uefi);
  EXPECT_EQ(firmware({{option6::client_architecture, "0013"}}), Firmware6::uefi_http);
  EXPECT_EQ(firmware({{option6::client_architecture, "0016"}}), Firmware6::other);
  EXPECT_EQ(firmware({{option6::option_request, "003b"}}), Firmware6::other);
  EXPECT_EQ(firmware({{option6::option_request, "0017"}}), Firmware6::none);
  EXPECT_EQ(firmware({{option6::user_class, "000469505845"}}), Firmware6::ipxe);
  EXPECT_EQ(firmware({{option6::user_class, "69505845"}}), Firmware6::ipxe);
  EXPECT_EQ(firmware({{option6::user_class, "0004695058"}}), Firmware6::none);
  EXPECT_EQ(firmware({{option6::vendor_class, "000001570009505845436c69656e74"}}),
            Firmware6::other);
  EXPECT_EQ(firmware({{option6::vendor_class, "00000157ffff505845436c69656e74"}}), Firmware6::none);
  EXPECT_EQ(firmware({}), Firmware6::none);
}

}  // namespace
}  // namespace pixie::dhcp
