// What pixie answers: captured firmware in proxy and server mode, then the rules of RFC 2131 one by one.
#include "dhcp/responder.h"

#include <deque>

#include <gmock/gmock.h>

#include "dhcp/option.h"
#include "dhcp/testing.h"

namespace pixie::dhcp {
namespace {

using ::testing::HasSubstr;

wire::IpAddress ip(std::string_view text) { return *wire::IpAddress::parse(text); }

std::string_view rom_for(std::uint16_t type) {
  switch (type) {
    case 0:
      return "undionly.kpxe";
    case 6:
      return "snponly32.efi";
    case 7:
    case 9:
    case 16:
      return "snponly.efi";
    case 10:
      return "snponly-arm32.efi";
    case 11:
      return "snponly-arm64.efi";
    default:
      return {};
  }
}

constexpr auto start = HistoryTime(std::chrono::hours(1));
constexpr auto system_start = Leases::Time(std::chrono::seconds(1'795'000'000));

/// A responder with its leases, and a clock.
class Lab {
 public:
  explicit Lab(bool gives_addresses, std::uint16_t http_port = 80)
      : leases_(*Leases::make({.ranges = {{ip("10.77.0.100"), ip("10.77.0.103"),
                                           *wire::Network::parse("10.77.0.0/24")},
                                          {ip("10.88.0.10"), ip("10.88.0.99"),
                                           *wire::Network::parse("10.88.0.0/16")}},
                               .reservations = {},
                               .excluded = {ip("10.77.0.1")}})),
        responder_({.router = ip("10.77.0.254"),
                    .dns = {ip("10.77.0.53")},
                    .domain = "lab.test",
                    .http_port = http_port,
                    .advertised = {},
                    .rom_for = rom_for},
                   gives_addresses ? &leases_ : nullptr, history_) {}

  Outcome receive(const Packet& packet, std::uint16_t port = server_port) {
    Arrival arrival{.address = ip("10.77.0.1"), .from = {ip("0.0.0.0"), client_port}, .port = port};
    if (port == pxe_port) arrival.from = {ip("10.77.0.50"), pxe_port};
    auto outcome = responder_.receive(packet, arrival, start + passed, system_start + passed);
    return outcome;
  }

  std::chrono::seconds passed{0};
  History& history() { return history_; }

 private:
  Leases leases_;
  History history_;
  Responder responder_;
};

Packet captured(const std::string& name) { return *parse(captured_messages().at(name)); }

Packet plain(MessageType type, std::uint8_t machine = 1) {
  Packet packet;
  packet.xid = 0x1234;
  packet.chaddr = {0x52, 0x54, 0, 0, 0, machine};
  packet.set_message_type(type);
  return packet;
}

std::string text(const Packet& packet, std::uint8_t code) {
  return std::string(packet.options.text(code).value_or("-"));
}

struct Firmwares {
  const char* name;
  const char* file;
  const char* vendor_class;
  bool has_43;
  std::uint16_t port;
};

constexpr Firmwares proxied[] = {
    {"bios_discover", "undionly.kpxe", "PXEClient", true, server_port},
    {"bios_ipxerom_discover", "http://10.77.0.1/chain.ipxe", "PXEClient", false, server_port},
    {"bios_second_stage_discover", "http://10.77.0.1/chain.ipxe", "PXEClient", false, server_port},
    {"bios_boot_server_request", "undionly.kpxe", "PXEClient", true, pxe_port},
    {"uefi64_discover", "snponly.efi", "PXEClient", false, server_port},
    {"uefi64_edk2_2025_discover", "snponly.efi", "PXEClient", false, server_port},
    {"uefi64_boot_server_request", "snponly.efi", "PXEClient", false, pxe_port},
    {"uefi64_second_stage_discover", "http://10.77.0.1/chain.ipxe", "PXEClient", false,
     server_port},
    {"uefi64_http_discover", "http://10.77.0.1/snponly.efi", "HTTPClient", false, server_port},
    {"uefi32_discover", "snponly32.efi", "PXEClient", false, server_port},
    {"arm64_discover", "snponly-arm64.efi", "PXEClient", false, server_port},
    {"arm32_discover", "snponly-arm32.efi", "PXEClient", false, server_port},
    {"arm32_uboot_efi_discover", "snponly-arm32.efi", "PXEClient", false, server_port},
};

TEST(Responder, EachFirmwareGetsTheProxyOfferThatItAccepts) {
  for (const auto& firmware : proxied) {
    SCOPED_TRACE(firmware.name);
    const auto request = captured(firmware.name);
    const auto outcome = Lab(false).receive(request, firmware.port);
    EXPECT_EQ(outcome.step,
              firmware.port == pxe_port ? Step::boot_acknowledged : Step::proxy_offered);
    ASSERT_TRUE(outcome.reply) << outcome.reason;
    const auto& reply = outcome.reply->packet;
    EXPECT_EQ(reply.yiaddr, ip("0.0.0.0"));
    EXPECT_EQ(reply.siaddr, ip("10.77.0.1"));
    EXPECT_EQ(reply.file, firmware.file);
    EXPECT_EQ(text(reply, option::bootfile_name), firmware.file);
    EXPECT_EQ(text(reply, option::vendor_class), firmware.vendor_class);
    EXPECT_EQ(reply.options.contains(option::vendor_specific), firmware.has_43);
    EXPECT_EQ(reply.options.address(option::server_identifier), ip("10.77.0.1"));
    EXPECT_EQ(reply.options.contains(option::client_machine),
              request.options.contains(option::client_machine));
    EXPECT_EQ(reply.xid, request.xid);
    EXPECT_EQ(reply.chaddr, request.chaddr);
    EXPECT_FALSE(outcome.reply->frame_to);
    EXPECT_EQ(outcome.reply->from_port, firmware.port);
    EXPECT_EQ(outcome.reply->to, firmware.port == pxe_port
                                     ? wire::Endpoint(ip("10.77.0.50"), pxe_port)
                                     : wire::Endpoint(ip("255.255.255.255"), client_port));
  }
}

TEST(Responder, ServerModeGivesAddressAndFileInOneOffer) {
  for (const auto& firmware : proxied) {
    if (firmware.port == pxe_port) continue;
    SCOPED_TRACE(firmware.name);
    const auto outcome = Lab(true, 8080).receive(captured(firmware.name));
    EXPECT_EQ(outcome.step, Step::offered);
    ASSERT_TRUE(outcome.reply) << outcome.reason;
    EXPECT_EQ(outcome.check_first, outcome.reply->packet.yiaddr);
    const auto& reply = outcome.reply->packet;
    EXPECT_TRUE(wire::Network::parse("10.77.0.96/29")->contains(reply.yiaddr))
        << reply.yiaddr.text();
    EXPECT_EQ(reply.options.address(option::subnet_mask), ip("255.255.255.0"));
    EXPECT_EQ(reply.options.address(option::router), ip("10.77.0.254"));
    const std::string_view file = firmware.file;
    EXPECT_EQ(reply.file, file.starts_with("http")
                              ? "http://10.77.0.1:8080" + std::string(file.substr(16))
                              : file);
    // EDK2 would ask port 4011 because of it.
    EXPECT_EQ(text(reply, option::vendor_class),
              std::string_view(firmware.vendor_class) == "HTTPClient" ? "HTTPClient" : "-");
    EXPECT_FALSE(reply.options.contains(option::vendor_specific));
    std::array<std::byte, max_message_size> buffer;
    EXPECT_TRUE(write(buffer, reply, reply_size_limit(captured(firmware.name))));
  }
}

TEST(Responder, AProxyLeavesOthersAlone) {
  Lab lab(false);
  for (const auto type : {MessageType::discover, MessageType::request, MessageType::release,
                          MessageType::decline, MessageType::inform}) {
    const auto outcome = lab.receive(plain(type));
    EXPECT_FALSE(outcome.reply);
    EXPECT_EQ(outcome.step, Step::ignored);
  }
  EXPECT_FALSE(lab.receive(captured("uefi64_request")).reply);
  EXPECT_FALSE(lab.receive(captured("uefi64_proxy_offer")).reply);
}

TEST(Responder, AnArchitectureWithoutARomIsToldOnce) {
  Lab lab(false);
  auto request = captured("uefi64_discover");
  request.options.set_u16(option::client_architecture, 27);
  auto outcome = lab.receive(request);
  EXPECT_EQ(outcome.step, Step::no_rom);
  EXPECT_TRUE(outcome.first_time);
  EXPECT_THAT(outcome.reason, HasSubstr("RISC-V 64"));
  EXPECT_FALSE(lab.receive(request).first_time);
  // The whole list counts.
  const std::array both{std::byte{0}, std::byte{27}, std::byte{0}, std::byte{7}};
  request.options.set(option::client_architecture, both);
  EXPECT_EQ(lab.receive(request).file, "snponly.efi");
}

TEST(Responder, AnOfferThatLedNowhereIsFollowedByTheOtherForm) {
  Lab lab(false);
  auto request = captured("uefi64_discover");
  EXPECT_EQ(lab.receive(request).form, Form::primary);
  lab.passed += std::chrono::seconds(10);
  ++request.xid;
  const auto second = lab.receive(request);
  EXPECT_EQ(second.form, Form::alternative);
  EXPECT_TRUE(second.reply->packet.options.contains(option::vendor_specific));
}

TEST(Responder, AnIpxeThatForgetsItsUserClassIsNotFedTheRomForEver) {
  Lab lab(false);
  auto request = captured("bios_discover");
  std::vector<std::string> given;
  for (int round = 0; round < 6; ++round) {
    ++request.xid;
    const auto outcome = lab.receive(request);
    given.push_back(outcome.step == Step::held ? (outcome.first_time ? "held, told" : "held")
                                               : outcome.file);
    lab.passed += std::chrono::seconds(5);
    lab.history().fetched(*request.mac(),
                          outcome.file == "chain.ipxe" ? Fetched::chain_script : Fetched::rom,
                          start + lab.passed);
    lab.passed += std::chrono::seconds(5);
  }
  EXPECT_THAT(given, testing::ElementsAre("undionly.kpxe", "undionly.kpxe", "chain.ipxe",
                                          "chain.ipxe", "held, told", "held"));
}

TEST(Responder, RaspberryPiGetsItsMenu) {
  auto request = captured("bios_discover");
  request.chaddr = {0xb8, 0x27, 0xeb, 1, 2, 3};
  const auto outcome = Lab(false).receive(request);
  ASSERT_TRUE(outcome.reply) << outcome.reason;
  const auto pxe = parse_encapsulated(*outcome.reply->packet.options.find(option::vendor_specific));
  ASSERT_TRUE(pxe);
  EXPECT_THAT(std::string(wire::as_text(*pxe->find(pxe_option::boot_menu))),
              HasSubstr("Raspberry Pi Boot"));
  EXPECT_TRUE(pxe->contains(pxe_option::menu_prompt));
  EXPECT_EQ(outcome.reply->packet.siaddr, ip("10.77.0.1"));
}

/// DISCOVER, then REQUEST for what was offered.
Outcome obtain(Lab& lab, std::uint8_t machine) {
  const auto offer = lab.receive(plain(MessageType::discover, machine));
  if (!offer.reply) return offer;
  auto request = plain(MessageType::request, machine);
  request.options.set_address(option::server_identifier, ip("10.77.0.1"));
  request.options.set_address(option::requested_address, offer.reply->packet.yiaddr);
  return lab.receive(request);
}

TEST(Responder, ALeaseFromOfferToRelease) {
  Lab lab(true);
  const auto ack = obtain(lab, 1);
  ASSERT_EQ(ack.step, Step::acknowledged) << ack.reason;
  const auto& reply = ack.reply->packet;
  EXPECT_EQ(reply.message_type(), MessageType::ack);
  EXPECT_EQ(reply.options.u32(option::lease_time), 43'200U);
  EXPECT_EQ(reply.options.u32(option::renewal_time), 21'600U);
  EXPECT_EQ(reply.options.u32(option::rebinding_time), 37'800U);
  EXPECT_EQ(text(reply, option::domain_name), "lab.test");
  // No address yet, no broadcast flag: a frame to the MAC.
  EXPECT_EQ(ack.reply->to, wire::Endpoint(reply.yiaddr, client_port));
  EXPECT_EQ(ack.reply->frame_to, plain(MessageType::discover).mac());

  auto renewal = plain(MessageType::request);
  renewal.ciaddr = reply.yiaddr;
  const auto renewed = lab.receive(renewal);
  EXPECT_EQ(renewed.step, Step::acknowledged);
  EXPECT_EQ(renewed.reply->to, wire::Endpoint(reply.yiaddr, client_port));
  EXPECT_FALSE(renewed.reply->frame_to);

  auto release = plain(MessageType::release);
  release.ciaddr = reply.yiaddr;
  EXPECT_EQ(lab.receive(release).step, Step::released);
  EXPECT_EQ(lab.receive(release).step, Step::ignored);
}

TEST(Responder, AWrongAddressIsRefusedByBroadcast) {
  Lab lab(true);
  auto request = plain(MessageType::request);
  request.options.set_address(option::requested_address, ip("192.168.1.5"));
  const auto outcome = lab.receive(request);
  ASSERT_EQ(outcome.step, Step::refused);
  EXPECT_EQ(outcome.reply->packet.message_type(), MessageType::nak);
  EXPECT_EQ(outcome.reply->to, wire::Endpoint(ip("255.255.255.255"), client_port));
  EXPECT_FALSE(text(outcome.reply->packet, option::message).empty());
}

TEST(Responder, AnotherServersClientIsLeftAlone) {
  Lab lab(true);
  auto request = plain(MessageType::request);
  request.options.set_address(option::server_identifier, ip("10.77.0.2"));
  request.options.set_address(option::requested_address, ip("10.77.0.100"));
  const auto outcome = lab.receive(request);
  EXPECT_FALSE(outcome.reply);
  EXPECT_THAT(outcome.reason, HasSubstr("10.77.0.2"));
}

TEST(Responder, AnEmptyPoolIsSaid) {
  Lab lab(true);
  for (std::uint8_t machine = 1; machine <= 4; ++machine)
    EXPECT_EQ(obtain(lab, machine).step, Step::acknowledged);
  const auto outcome = lab.receive(plain(MessageType::discover, 5));
  EXPECT_EQ(outcome.step, Step::pool_empty);
  EXPECT_FALSE(outcome.reply);
  EXPECT_TRUE(outcome.first_time);
  EXPECT_FALSE(lab.receive(plain(MessageType::discover, 6)).first_time);
}

TEST(Responder, ARelayGetsTheAnswerWithItsOwnOption) {
  Lab lab(true);
  auto request = plain(MessageType::discover);
  request.giaddr = ip("10.88.0.1");
  Options agent;
  agent.set_text(relay_option::circuit_id, "port 7");
  request.options.set(option::relay_agent, write_encapsulated(agent, EndOption::absent));
  const auto offer = lab.receive(request);
  ASSERT_EQ(offer.step, Step::offered) << offer.reason;
  const auto& reply = offer.reply->packet;
  EXPECT_EQ(offer.reply->to, wire::Endpoint(ip("10.88.0.1"), server_port));
  EXPECT_EQ(reply.giaddr, ip("10.88.0.1"));
  EXPECT_EQ(reply.options.address(option::router), ip("10.88.0.1"));
  EXPECT_EQ(reply.options.address(option::subnet_mask), ip("255.255.0.0"));
  EXPECT_TRUE(std::ranges::equal(*reply.options.find(option::relay_agent),
                                 *request.options.find(option::relay_agent)));
  EXPECT_EQ(offer.client.relay.circuit_id, "port 7");

  // RFC 3527: the relay's address is of another network than the client.
  agent.set_address(relay_option::link_selection, ip("10.77.0.0"));
  agent.set_address(relay_option::server_identifier_override, ip("10.88.0.1"));
  request.options.set(option::relay_agent, write_encapsulated(agent, EndOption::absent));
  request.chaddr[5] = 2;
  const auto other = lab.receive(request);
  ASSERT_EQ(other.step, Step::offered) << other.reason;
  EXPECT_TRUE(wire::Network::parse("10.77.0.0/24")->contains(other.reply->packet.yiaddr));
  EXPECT_EQ(other.reply->packet.options.address(option::server_identifier), ip("10.88.0.1"));
}

TEST(Responder, InformGetsTheNetworkWithoutAnAddress) {
  Lab lab(true);
  auto inform = plain(MessageType::inform);
  inform.ciaddr = ip("10.77.0.9");
  const auto outcome = lab.receive(inform);
  ASSERT_EQ(outcome.step, Step::informed);
  EXPECT_EQ(outcome.reply->packet.yiaddr, ip("0.0.0.0"));
  EXPECT_FALSE(outcome.reply->packet.options.contains(option::lease_time));
  EXPECT_EQ(outcome.reply->to, wire::Endpoint(ip("10.77.0.9"), client_port));
}

TEST(Responder, ADeclinedAddressIsPutAside) {
  Lab lab(true);
  const auto ack = obtain(lab, 1);
  auto decline = plain(MessageType::decline);
  decline.options.set_address(option::requested_address, ack.reply->packet.yiaddr);
  decline.options.set_address(option::server_identifier, ip("10.77.0.1"));
  EXPECT_EQ(lab.receive(decline).step, Step::declined);
  const auto next = obtain(lab, 1);
  ASSERT_EQ(next.step, Step::acknowledged) << next.reason;
  EXPECT_NE(next.reply->packet.yiaddr, ack.reply->packet.yiaddr);
}

}  // namespace
}  // namespace pixie::dhcp
