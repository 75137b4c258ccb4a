#include "dhcp/decode.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dhcp/option.h"
#include "dhcp/printable.h"
#include "dhcp/testing.h"

namespace pixie::dhcp {
namespace {

using std::literals::operator""sv;

std::string decoded(std::string_view name) {
  const auto packet = parse(captured_messages().at(std::string(name)));
  return packet ? decode(*packet) : packet.error().text;
}

TEST(DhcpDecode, ShowsARequest) {
  EXPECT_EQ(decoded("bios_ipxerom_discover"),
            "DHCP request DISCOVER xid=793b3379 secs=4 flags=0000 hops=0 htype=1 "
            "chaddr=52:54:00:77:00:01\n"
            "  ciaddr=0.0.0.0 yiaddr=0.0.0.0 siaddr=0.0.0.0 giaddr=0.0.0.0\n"
            "  57 maximum message size: 1472\n"
            "  93 client architecture: 0 (x86 BIOS)\n"
            "  94 client interface: 010201\n"
            "  60 vendor class: PXEClient:Arch:00000:UNDI:002001\n"
            "  77 user class: iPXE\n"
            "  55 parameter list: 1 3 6 7 12 15 17 26 43 60 66 67 119 128 129 130 131 132 133 134 "
            "135 175 203\n"
            "  175 iPXE: 177 bus id=011af41000, 235 version=010000, 23=01, 34=01, 19=01, 17=01, "
            "39=01, 25=01, 41=01, 16=02, 33=01, 21=01, 24=01, 18=01\n"
            "  61 client identifier: 01525400770001\n"
            "  97 client machine: 00443322116655887799aabbccddeeff00\n");
}

TEST(DhcpDecode, ShowsAReply) {
  EXPECT_EQ(decoded("bios_proxy_menu_offer"),
            "DHCP reply OFFER xid=deefc024 secs=4 flags=8000 hops=0 htype=1 "
            "chaddr=52:54:00:77:00:01\n"
            "  ciaddr=0.0.0.0 yiaddr=0.0.0.0 siaddr=0.0.0.0 giaddr=0.0.0.0\n"
            "  54 server identifier: 10.77.0.1\n"
            "  60 vendor class: PXEClient\n"
            "  97 client machine: 00443322116655887799aabbccddeeff00\n"
            "  43 vendor specific: 6 discovery control=3, 8 boot servers=8000010a4d0001, "
            "9 boot menu=\\x80\\x00\\x05pixie, 10 menu prompt=\\x00pixie\n");
  EXPECT_THAT(decoded("uefi64_boot_server_ack"),
              testing::AllOf(testing::HasSubstr("  sname=10.77.0.1\n"),
                             testing::HasSubstr("  file=snponly64.efi\n")));
}

TEST(DhcpDecode, ShowsWhatIsMalformed) {
  Packet packet;
  packet.options.set_u8(option::message_type, 99);
  packet.options.set_text(option::router, "abc");
  packet.options.set_text(option::lease_time, "12345");
  packet.options.set_text(option::host_name, "a\nb\x1b\x80");
  packet.options.set_text(option::vendor_specific, "\1\x09x");
  packet.options.set_text(option::client_architecture, "\0\7\x03"sv);
  packet.options.set_text(200, "\xff");
  packet.options.set_text(option::message, std::string(1000, 'm'));
  EXPECT_EQ(decode(packet),
            "DHCP request BOOTP or unknown xid=00000000 secs=0 flags=0000 hops=0 htype=1 "
            "chaddr=00:00:00:00:00:00\n"
            "  ciaddr=0.0.0.0 yiaddr=0.0.0.0 siaddr=0.0.0.0 giaddr=0.0.0.0\n"
            "  53 message type: 63\n"
            "  3 router: 616263\n"
            "  51 lease time: 3132333435\n"
            "  12 host name: a\\x0ab\\x1b\\x80\n"
            "  43 vendor specific: 010978\n"
            "  93 client architecture: 7 (x64 UEFI)\n"
            "  200: ff\n"
            "  56 message: " +
                std::string(255, 'm') + "...\n");
}

TEST(DhcpPrintable, EscapesAndCuts) {
  EXPECT_EQ(printable(wire::as_bytes("a \\ ~\x7f\0"sv)), "a \\\\ ~\\x7f\\x00");
  EXPECT_EQ(printable_or_hex(wire::as_bytes("Gi1/0/3"sv)), "Gi1/0/3");
  EXPECT_EQ(printable_or_hex(wire::as_bytes("\0\4"sv)), "0004");
  EXPECT_EQ(hex({}), "");
  EXPECT_EQ(hex(wire::as_bytes(std::string(300, '\1'))).size(), max_shown * 2 + 3);
}

}  // namespace
}  // namespace pixie::dhcp
