#include "dhcp/packet6.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "dhcp/goldens6_test.h"
#include "dhcp/ia6.h"
#include "dhcp/option6.h"

namespace pixie::dhcp {
namespace {

using namespace test6;

std::vector<std::byte> written(const Packet6& packet) {
  std::vector<std::byte> buffer(65535);
  const auto bytes = write6(buffer, packet);
  if (!bytes) throw std::runtime_error(bytes.error().text);
  return {bytes->begin(), bytes->end()};
}

/// A relay-forw of `inside`.
std::vector<std::byte> relayed(std::uint8_t hops, const std::vector<std::byte>& inside) {
  auto bytes = from_hex("0c00fd770000000000000000000000000001fe80000000000000505400fffe770001");
  bytes[1] = std::byte{hops};
  const auto size = inside.size();
  for (const auto byte : {0UZ, 9UZ, size >> 8, size & 0xff}) {
    bytes.push_back(static_cast<std::byte>(byte));
  }
  bytes.insert(bytes.end(), inside.begin(), inside.end());
  return bytes;
}

TEST(Packet6, WritesRealMessagesAsTheyWere) {
  ASSERT_GE(goldens6().size(), 15U);
  for (const auto& [name, bytes] : goldens6()) {
    const auto packet = parse6(bytes);
    ASSERT_TRUE(packet) << name << ": " << packet.error().text;
    EXPECT_EQ(written(*packet), bytes) << name;
  }
}

TEST(Packet6, ReadsFirmwareSolicit) {
  const auto packet = golden6("edk2.pxe.solicit");
  EXPECT_EQ(packet.type, MessageType6::solicit);
  EXPECT_EQ(packet.transaction_id, 0xa28e2aU);
  EXPECT_TRUE(packet.relays.empty());
  const auto ias = parse_ias(packet.options);
  ASSERT_TRUE(ias);
  EXPECT_THAT(*ias, testing::ElementsAre(Ia{.kind = Ia::addresses_na,
                                            .iaid = 0xf7f0dd5e,
                                            .t1 = infinity6,
                                            .t2 = infinity6,
                                            .addresses = {},
                                            .status = {}}));
  EXPECT_FALSE(status(packet.options));
}

TEST(Packet6, ReadsServerAdvertise) {
  const auto packet = golden6("dnsmasq.pxe.advertise");
  EXPECT_EQ(packet.type, MessageType6::advertise);
  const auto ias = parse_ias(packet.options);
  ASSERT_TRUE(ias && ias->size() == 1);
  EXPECT_THAT(ias->front().addresses, testing::ElementsAre(IaAddress{ip("fd77::152"), 3600, 3600}));
  EXPECT_EQ(status(packet.options), (Status6{status6::success, "success"}));
  EXPECT_EQ(wire::as_text(packet.options.find(option6::bootfile_url).value()),
            "tftp://[fd77::1]/snponly.efi");
}

TEST(Packet6, FindsTheMessageWithinRelays) {
  const auto solicit = goldens6().at("edk2.pxe.solicit");
  const auto packet = parse6(relayed(1, relayed(0, solicit)));
  ASSERT_TRUE(packet) << packet.error().text;
  EXPECT_EQ(packet->type, MessageType6::solicit);
  ASSERT_EQ(packet->relays.size(), 2U);
  EXPECT_EQ(packet->relays[0].hop_count, 1);
  EXPECT_EQ(packet->relays[1].hop_count, 0);
  EXPECT_EQ(packet->client_address(ip("fd77::9")), ip("fe80::5054:ff:fe77:1"));
  EXPECT_EQ(packet->link_address(), ip("fd77::1"));
  EXPECT_EQ(written(*packet), relayed(1, relayed(0, solicit)));

  EXPECT_EQ(golden6("edk2.pxe.solicit").client_address(ip("fe80::9")), ip("fe80::9"));
  EXPECT_EQ(golden6("edk2.pxe.solicit").link_address(), wire::IpAddress{});
}

TEST(Packet6, AsksTheRelayNextToTheClientForTheLink) {
  Packet6 packet;
  packet.relays = {{1, ip("fd77::1"), ip("fd88::1"), {}}, {0, ip("fd88::1"), ip("fe80::5"), {}}};
  EXPECT_EQ(packet.link_address(), ip("fd88::1"));
  packet.relays[1].link_address = {};
  EXPECT_EQ(packet.link_address(), ip("fd77::1"));
}

TEST(Packet6, BoundsRelays) {
  auto bytes = goldens6().at("edk2.pxe.solicit");
  for (std::uint8_t hops = 0; hops < max_relays; ++hops) bytes = relayed(hops, bytes);
  const auto deepest = parse6(bytes);
  ASSERT_TRUE(deepest) << deepest.error().text;
  EXPECT_EQ(deepest->relays.size(), max_relays);
  EXPECT_FALSE(parse6(relayed(9, bytes)));
}

TEST(Packet6, RefusesMalformed) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "at least 4 bytes"},
      {"01a08e", "at least 4 bytes"},
      {"01a08e2a00", "a code, a size"},
      {"01a08e2a000100", "a code, a size"},
      {"01a08e2a00010002aa", "after 0 options"},
      {"01a08e2a000800020000000100", "after 1 options"},
      {"0c", "at least 34 bytes"},
      {"0c00fd770000000000000000000000000001fe80000000000000505400fffe7700", "at least 34 bytes"},
      {"0c00fd770000000000000000000000000001fe80000000000000505400fffe770001", "option 9"},
      {"0c00fd770000000000000000000000000001fe80000000000000505400fffe7700010009", "whole options"},
      {"0c00fd770000000000000000000000000001fe80000000000000505400fffe7700010009000401a08e2a0009000"
       "4"
       "01a08e2a",
       "not several"},
      {"0c00fd770000000000000000000000000001fe80000000000000505400fffe77000100090000", "4 bytes"},
      {"0c00fd770000000000000000000000000001fe80000000000000505400fffe7700010009000407a08e2a",
       "relay-forw"},
      {"0d00fd770000000000000000000000000001fe80000000000000505400fffe7700010009000401a08e2a",
       "relay-forw"},
  };
  for (const auto& [hex, what] : cases) {
    const auto packet = parse6(from_hex(hex));
    ASSERT_FALSE(packet) << hex;
    EXPECT_THAT(packet.error().text, testing::HasSubstr(what)) << hex;
    EXPECT_THAT(packet.error().text, testing::StartsWith("DHCPv6 ")) << hex;
  }
}

TEST(Packet6, RefusesIdentityAssociationsThatAreCutOff) {
  const std::pair<std::uint16_t, const char*> cases[] = {
      {option6::ia_na, ""},
      {option6::ia_na, "0000000100000002000000"},
      {option6::ia_ta, "000001"},
      {option6::ia_na, "0000000100000002000000030005"},
      {option6::ia_na, "00000001000000020000000300050004fd770000"},
      {option6::ia_pd, "00000001000000020000000300"},
  };
  for (const auto& [code, hex] : cases) {
    Options6 options;
    options.add(code, from_hex(hex));
    EXPECT_FALSE(parse_ias(options)) << hex;
  }
}

TEST(Packet6, SaysWhatDoesNotFit) {
  const auto packet = golden6("edk2.pxe.solicit");
  std::vector<std::byte> buffer(goldens6().at("edk2.pxe.solicit").size());
  EXPECT_TRUE(write6(buffer, packet));
  const auto cut = write6(std::span(buffer).first(buffer.size() - 1), packet);
  ASSERT_FALSE(cut);
  EXPECT_THAT(cut.error().text, testing::HasSubstr("don't fit in"));
  EXPECT_THROW(Options6().add(1, std::vector<std::byte>(65536)), std::invalid_argument);
}

TEST(Options6, KeepRepetitionsInTheirOrder) {
  Options6 options;
  options.add_text(option6::vendor_class, "a");
  options.add_text(option6::user_class, "b");
  options.add_text(option6::vendor_class, "c");
  std::string seen;
  for (const auto value : options.all(option6::vendor_class)) seen += wire::as_text(value);
  EXPECT_EQ(seen, "ac");
  EXPECT_EQ(wire::as_text(*options.find(option6::vendor_class)), "a");
  EXPECT_FALSE(options.find(option6::preference));
  EXPECT_EQ(options.encoded_size(), 15U);
}

std::vector<std::byte> any_bytes(std::size_t most) {
  const auto numbers = *rc::gen::resize(
      static_cast<int>(most),
      rc::gen::container<std::vector<std::uint8_t>>(rc::gen::arbitrary<std::uint8_t>()));
  const auto bytes = std::as_bytes(std::span(numbers));
  return {bytes.begin(), bytes.end()};
}

wire::IpAddress any_address() {
  wire::IpAddress address;
  for (auto& octet : address.octets) octet = *rc::gen::arbitrary<std::uint8_t>();
  return address;
}

Options6 any_options(bool of_relay) {
  Options6 options;
  for (auto count = *rc::gen::inRange(0, 6); count > 0; --count) {
    const auto code = *rc::gen::arbitrary<std::uint16_t>();
    if (!of_relay || code != option6::relay_message) options.add(code, any_bytes(40));
  }
  return options;
}

RC_GTEST_PROP(Packet6, ReadsWhatItWrites, ()) {
  Packet6 packet;
  packet.type = static_cast<MessageType6>(*rc::gen::inRange(1, 12));
  packet.transaction_id = *rc::gen::inRange(0U, 1U << 24);
  packet.options = any_options(false);
  for (auto count = *rc::gen::inRange(0UZ, max_relays + 1); count > 0; --count) {
    packet.relays.push_back(
        {*rc::gen::arbitrary<std::uint8_t>(), any_address(), any_address(), any_options(true)});
  }
  const auto read = parse6(written(packet));
  RC_ASSERT(read.has_value());
  RC_ASSERT(*read == packet);
}

RC_GTEST_PROP(Packet6, ReadsTheIdentityAssociationsItWrites, ()) {
  std::vector<Ia> ias;
  for (auto count = *rc::gen::inRange(0, 4); count > 0; --count) {
    Ia ia;
    ia.kind = *rc::gen::element(Ia::addresses_na, Ia::addresses_ta, Ia::prefixes);
    ia.iaid = *rc::gen::arbitrary<std::uint32_t>();
    if (ia.kind != Ia::addresses_ta) ia.t1 = *rc::gen::arbitrary<std::uint32_t>();
    if (ia.kind != Ia::addresses_ta) ia.t2 = *rc::gen::arbitrary<std::uint32_t>();
    for (auto inside = *rc::gen::inRange(0, 4); inside > 0; --inside) {
      ia.addresses.push_back({any_address(), *rc::gen::arbitrary<std::uint32_t>(),
                              *rc::gen::arbitrary<std::uint32_t>()});
    }
    if (*rc::gen::arbitrary<bool>()) {
      ia.status = Status6{*rc::gen::arbitrary<std::uint16_t>(), *rc::gen::arbitrary<std::string>()};
    }
    ias.push_back(std::move(ia));
  }
  Options6 options;
  for (const auto& ia : ias) add_ia(options, ia);
  RC_ASSERT(parse_ias(options).value() == ias);
}

RC_GTEST_PROP(Packet6, RefusesOrWritesAnyBytes, ()) {
  auto bytes = goldens6().at("ipxe.request");
  for (auto changes = *rc::gen::inRange(0, 8); changes > 0; --changes) {
    bytes[*rc::gen::inRange(0UZ, bytes.size())] = std::byte{*rc::gen::arbitrary<std::uint8_t>()};
  }
  bytes.resize(*rc::gen::inRange(0UZ, bytes.size() + 1));
  const auto packet = parse6(bytes);
  if (packet && packet->relays.empty()) RC_ASSERT(written(*packet) == bytes);
}

}  // namespace
}  // namespace pixie::dhcp
