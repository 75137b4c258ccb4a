#include "dhcp/client.h"

#include <ostream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dhcp/option.h"
#include "dhcp/testing.h"

namespace pixie::dhcp {

static void PrintTo(Firmware firmware, std::ostream* out) { *out << firmware_name(firmware); }

namespace {

using namespace std::string_literals;
using std::literals::operator""sv;
using Types = std::vector<std::uint16_t>;

struct Client {
  std::string vendor_class = {};
  Types architectures = {};
  std::string user_class = {};
  std::string machine = {};
  std::string mac = "52:54:00:00:00:01";
};

Packet packet_of(const Client& client) {
  Packet packet;
  packet.set_message_type(MessageType::discover);
  std::ranges::copy(wire::Mac::parse(client.mac)->octets, packet.chaddr.begin());
  if (!client.vendor_class.empty())
    packet.options.set_text(option::vendor_class, client.vendor_class);
  if (!client.user_class.empty()) packet.options.set_text(option::user_class, client.user_class);
  if (!client.machine.empty()) packet.options.set_text(option::client_machine, client.machine);
  if (!client.architectures.empty()) {
    std::string list;
    for (const auto type : client.architectures) {
      list += static_cast<char>(type >> 8);
      list += static_cast<char>(type & 0xff);
    }
    packet.options.set_text(option::client_architecture, list);
  }
  return packet;
}

Firmware firmware_of(const Client& client) { return describe(packet_of(client)).firmware; }

TEST(DhcpClient, KnowsCapturedFirmware) {
  using enum Firmware;
  struct {
    std::string name;
    Firmware firmware;
    Types architectures;
    std::string vendor_class;
    std::string ipxe_version;
    bool broadcast;
  } const cases[] = {
      {"bios_discover", bios, {0}, "PXEClient:Arch:00000:UNDI:002001", "", false},
      {"bios_request", bios, {0}, "PXEClient:Arch:00000:UNDI:002001", "", false},
      {"bios_boot_server_request", bios, {0}, "PXEClient", "", true},
      {"bios_ipxerom_discover", ipxe, {0}, "PXEClient:Arch:00000:UNDI:002001", "1.0.0", false},
      {"bios_second_stage_discover", ipxe, {0}, "PXEClient:Arch:00000:UNDI:002001", "2.0.0", true},
      {"uefi64_discover", uefi, {7}, "PXEClient:Arch:00007:UNDI:003000", "", true},
      {"uefi64_request", uefi, {7}, "PXEClient:Arch:00007:UNDI:003000", "", true},
      {"uefi64_boot_server_request", uefi, {7}, "PXEClient:Arch:00007:UNDI:003000", "", false},
      {"uefi64_edk2_2025_discover", uefi, {7}, "PXEClient:Arch:00007:UNDI:003000", "", true},
      {"uefi64_second_stage_discover",
       ipxe,
       {7},
       "PXEClient:Arch:00007:UNDI:003010",
       "2.0.0",
       true},
      {"uefi64_after_proxy_second_stage_discover", ipxe, {7}, "PXEClient", "2.0.0", true},
      {"uefi64_http_discover", uefi_http, {16}, "HTTPClient:Arch:00016:UNDI:003000", "", true},
      {"uefi32_discover", uefi, {6}, "PXEClient:Arch:00006:UNDI:003000", "", true},
      {"arm64_discover", uefi, {11}, "PXEClient:Arch:00011:UNDI:003000", "", true},
      {"arm32_discover", uefi, {10}, "PXEClient:Arch:00010:UNDI:003000", "", true},
      {"arm32_uboot_script_discover", uboot, {21}, "U-Boot.armv7", "", false},
      {"arm32_uboot_efi_discover", uefi, {10}, "PXEClient:Arch:00010:UNDI:003000", "", false},
  };
  const auto captured = captured_messages();
  for (const auto& [name, firmware, architectures, vendor_class, version, broadcast] : cases) {
    ASSERT_TRUE(captured.contains(name)) << name;
    const auto packet = parse(captured.at(name));
    ASSERT_TRUE(packet) << name;
    const auto facts = describe(*packet);
    EXPECT_EQ(facts.firmware, firmware) << name;
    EXPECT_TRUE(facts.is_boot_client()) << name;
    EXPECT_EQ(facts.is_ipxe, firmware == ipxe) << name;
    EXPECT_EQ(facts.wants_url, firmware == uefi_http) << name;
    EXPECT_EQ(facts.architectures, architectures) << name;
    EXPECT_EQ(facts.vendor_class, vendor_class) << name;
    EXPECT_EQ(facts.ipxe_version, version) << name;
    EXPECT_EQ(facts.wants_broadcast, broadcast) << name;
    const bool from_uboot = name.contains("uboot");
    EXPECT_EQ(facts.uuid, from_uboot ? "" : "11223344-5566-7788-99aa-bbccddeeff00") << name;
    EXPECT_EQ(facts.mac->colons(), from_uboot ? "52:52:52:52:52:52" : "52:54:00:77:00:01") << name;
    EXPECT_EQ(facts.relay, RelayInfo{}) << name;
  }
}

TEST(DhcpClient, ReadsCapturedReplies) {
  const auto captured = captured_messages();
  const auto proxy_offer = parse(captured.at("uefi64_proxy_offer"));
  ASSERT_TRUE(proxy_offer);
  EXPECT_EQ(proxy_offer->op, Packet::boot_reply);
  EXPECT_EQ(proxy_offer->message_type(), MessageType::offer);
  EXPECT_TRUE(proxy_offer->yiaddr.is_unspecified());
  EXPECT_EQ(proxy_offer->siaddr.text(), "10.77.0.1");
  EXPECT_EQ(proxy_offer->options.address(option::server_identifier)->text(), "10.77.0.1");
  EXPECT_EQ(proxy_offer->options.text(option::vendor_class), "PXEClient");

  const auto ack = parse(captured.at("uefi64_boot_server_ack"));
  ASSERT_TRUE(ack);
  EXPECT_EQ(ack->message_type(), MessageType::ack);
  EXPECT_EQ(ack->sname, "10.77.0.1");
  EXPECT_EQ(ack->file, "snponly64.efi");

  const auto menu = parse(captured.at("bios_proxy_menu_offer"));
  ASSERT_TRUE(menu);
  const auto raw = *menu->options.find(option::vendor_specific);
  const auto pxe = parse_encapsulated(raw);
  ASSERT_TRUE(pxe);
  EXPECT_EQ(pxe->u8(pxe_option::discovery_control), 3);
  EXPECT_EQ(pxe->text(pxe_option::menu_prompt), "\0pixie"sv);
  const auto again = write_encapsulated(*pxe, EndOption::present);
  EXPECT_EQ(wire::as_text(again), wire::as_text(raw));

  const auto http = parse(captured.at("uefi64_http_offer"));
  ASSERT_TRUE(http);
  EXPECT_EQ(http->options.text(option::bootfile_name), "http://10.77.0.1/snponly.efi");
}

TEST(DhcpClient, TellsFirmware) {
  using enum Firmware;
  const std::pair<Client, Firmware> cases[] = {
      {{}, none},
      {{.vendor_class = "MSFT 5.0"}, none},
      {{.vendor_class = "android-dhcp-13"}, none},
      {{.vendor_class = "PXEClient"}, other},
      {{.vendor_class = "HTTPClient"}, other},
      {{.vendor_class = "PXEClient:Arch:00000:UNDI:002001"}, bios},
      {{.vendor_class = "PXEClient:Arch:00009:UNDI:003016"}, uefi},
      {{.vendor_class = "HTTPClient:Arch:00016:UNDI:003001"}, uefi_http},
      {{.vendor_class = "HTTPClient:Arch:00020:UNDI:002001"}, bios},
      {{.vendor_class = "PXEClient:Arch:0000x"}, other},
      {{.vendor_class = "PXEClient:Arch:007"}, other},
      // The whole list counts; the vendor class tells only where there is no list.
      {{.architectures = {9}}, uefi},
      {{.architectures = {0, 7}}, uefi},
      {{.architectures = {99, 0}}, bios},
      {{.architectures = {12}}, other},
      {{.architectures = {999}}, other},
      {{.architectures = {16}}, uefi_http},
      {{.vendor_class = "PXEClient:Arch:00000:UNDI:002001", .architectures = {7}}, uefi},
      {{.vendor_class = "PXEClient", .architectures = {7, 16}}, uefi},
      {{.vendor_class = "HTTPClient", .architectures = {7}}, uefi_http},
      {{.architectures = {27}}, uefi},
      {{.architectures = {28}}, uefi_http},
      {{.architectures = {39}}, uefi},
      {{.architectures = {40}}, uefi_http},
      {{.vendor_class = "U-Boot.armv8"}, uboot},
      {{.architectures = {22}}, uboot},
      {{.user_class = "iPXE"}, ipxe},
      {{.user_class = "iPXE\0"s}, ipxe},
      {{.user_class = "\4iPXE"}, ipxe},
      {{.user_class = "\3foo\4iPXE"}, ipxe},
      {{.vendor_class = "PXEClient", .user_class = "iPXE2"}, other},
      {{.user_class = "\5iPXE"}, none},
      {{.user_class = "\4gPXE\xff"}, none},
      {{.vendor_class = "PXEClient:Arch:00000:UNDI:002001",
        .architectures = {0},
        .mac = "dc:a6:32:01:02:03"},
       raspberry_pi},
      {{.vendor_class = "PXEClient:Arch:00000:UNDI:002001", .mac = "2c:cf:67:01:02:03"},
       raspberry_pi},
      {{.architectures = {0}, .mac = "b8:27:eb:01:02:03"}, bios},
      {{.vendor_class = "PXEClient:Arch:00011:UNDI:003000",
        .architectures = {11},
        .mac = "dc:a6:32:01:02:03"},
       uefi},
      {{.vendor_class = "PXEClient", .machine = "RPi4"}, raspberry_pi},
      {{.machine = "\0RPi4\x14\x11\xd0"s}, raspberry_pi},
      {{.architectures = {41}}, raspberry_pi},
      {{.user_class = "iPXE", .machine = "RPi4"}, ipxe},
  };
  for (const auto& [client, firmware] : cases) {
    EXPECT_EQ(firmware_of(client), firmware)
        << client.vendor_class << " " << testing::PrintToString(client.architectures) << " "
        << client.user_class << " " << client.mac;
  }
}

TEST(DhcpClient, TakesNoArchitectureFromTheVendorClassOfIpxe) {
  const auto facts = describe(
      packet_of({.vendor_class = "PXEClient:Arch:00000:UNDI:002001", .user_class = "iPXE"}));
  EXPECT_TRUE(facts.architectures.empty());
}

TEST(DhcpClient, KnowsIpxeByItsOwnOption) {
  Packet packet = packet_of({.vendor_class = "PXEClient", .architectures = {0}});
  packet.options.set_text(option::ipxe, "\xeb\3\1\x15\1"sv);
  EXPECT_EQ(describe(packet).firmware, Firmware::ipxe);
  EXPECT_EQ(describe(packet).ipxe_version, "1.21.1");
  for (const auto odd : {""sv, "\xeb\2\1\2"sv, "\xeb\x09\1"sv, "\1\1\1"sv}) {
    packet.options.set_text(option::ipxe, odd);
    EXPECT_EQ(describe(packet).firmware, Firmware::ipxe);
    EXPECT_EQ(describe(packet).ipxe_version, "");
  }
}

TEST(DhcpClient, KeepsOddMachineIdentifiers) {
  for (const auto& machine : {"\1\1\2\3\4\5\6\7\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10"s, "\0"s,
                              "\0abc"s, std::string(18, '\0')}) {
    const auto facts = describe(packet_of({.vendor_class = "PXEClient", .machine = machine}));
    EXPECT_EQ(facts.uuid, "");
    EXPECT_EQ(wire::as_text(facts.client_machine), machine);
  }
}

TEST(DhcpClient, CleansTexts) {
  auto packet = packet_of({.vendor_class = "PXE\x1b[31m\nClient\\"});
  packet.options.set_text(option::host_name, "host\0\0"sv);
  packet.options.set_text(option::client_identifier, "\1\2"sv);
  const auto facts = describe(packet);
  EXPECT_EQ(facts.vendor_class, "PXE\\x1b[31m\\x0aClient\\\\");
  EXPECT_EQ(facts.host_name, "host");
  EXPECT_EQ(wire::as_text(facts.client_identifier), "\1\2"sv);
}

TEST(DhcpClient, TellsTheRelay) {
  Packet packet;
  packet.giaddr = wire::IpAddress::v4(10, 1, 0, 1);
  packet.options.set_text(option::relay_agent, "\1\4eth0\2\6\0\1\2\3\4\5"sv);
  auto relay = describe(packet).relay;
  EXPECT_EQ(relay.giaddr.text(), "10.1.0.1");
  EXPECT_EQ(relay.circuit_id, "eth0");
  EXPECT_EQ(relay.remote_id, "000102030405");
  packet.options.set_text(option::relay_agent,
                          "\1\x09"
                          "eth0"sv);
  relay = describe(packet).relay;
  EXPECT_EQ(relay.giaddr.text(), "10.1.0.1");
  EXPECT_EQ(relay.circuit_id, "");
}

TEST(DhcpArchitecture, HasNames) {
  EXPECT_EQ(architecture_name(0), "x86 BIOS");
  EXPECT_EQ(architecture_name(7), "x64 UEFI");
  EXPECT_EQ(architecture_name(9), "x64 UEFI");
  EXPECT_EQ(architecture_name(16), "x64 UEFI, HTTP");
  EXPECT_EQ(architecture_name(999), "type 999");
  for (std::uint16_t type = 0; type <= 41; ++type) {
    ASSERT_TRUE(find_architecture(type)) << type;
    EXPECT_EQ(find_architecture(type)->http, architecture_name(type).ends_with(", HTTP")) << type;
  }
}

TEST(DhcpArchitecture, ReadsLists) {
  EXPECT_EQ(parse_architectures(wire::as_bytes("\0\7\0\x10\1"sv)), (Types{7, 16}));
  EXPECT_EQ(parse_architectures({}), Types{});
}

}  // namespace
}  // namespace pixie::dhcp
