#include "doctor/diagnosis.h"

#include <array>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "doctor/testing.h"
#include "script/chain.h"

namespace pixie::doctor {
namespace {

using std::literals::operator""s;
using std::literals::operator""sv;
using std::chrono_literals::operator""ms;
using testing::ElementsAre;
using testing::HasSubstr;

const auto nobody = wire::IpAddress::v4(0, 0, 0, 0);
const auto everybody = wire::IpAddress::v4(255, 255, 255, 255);
const wire::Mac server_mac = *wire::Mac::parse("02:00:00:00:00:01");

/// One machine's boot, packet by packet.
class DiagnosisTest : public testing::Test {
 protected:
  void send(const Path& path, const dhcp::Packet& packet) {
    std::array<std::byte, dhcp::max_message_size> buffer;
    timeline.udp(tick(), path, *dhcp::write(buffer, packet));
  }
  void discover(bool ipxe = false, std::string_view kind = "x64-uefi",
                wire::IpAddress relay = nobody) {
    const auto chosen = *find_client_kind(kind);
    auto packet =
        ipxe ? ipxe_discover(chosen, machine_mac, 1) : firmware_discover(chosen, machine_mac, 1);
    packet.giaddr = relay;
    send({machine_mac, {nobody, 68}, {everybody, 67}}, packet);
  }
  void request(bool ipxe = false) {
    const auto kind = *find_client_kind("x64-uefi");
    auto packet =
        ipxe ? ipxe_discover(kind, machine_mac, 1) : firmware_discover(kind, machine_mac, 1);
    packet.set_message_type(dhcp::MessageType::request);
    send({machine_mac, {nobody, 68}, {everybody, 67}}, packet);
  }
  void answer(Answer answer, dhcp::MessageType type = dhcp::MessageType::offer) {
    answer.type = type;
    send({server_mac, {answer.from, 67}, {everybody, 68}}, offer_of(answer).packet);
  }
  /// DISCOVER to ACK.
  void dhcp(std::string_view file, bool ipxe = false) {
    discover(ipxe);
    answer(address_and(file));
    request(ipxe);
    answer(address_and(file), dhcp::MessageType::ack);
  }
  void from_machine(std::uint16_t from, std::uint16_t to, std::string_view bytes) {
    timeline.udp(tick(), {machine_mac, {lease_address, from}, {pixie_address, to}},
                 wire::as_bytes(bytes));
  }
  void to_machine(std::uint16_t to, std::string_view bytes) {
    timeline.udp(tick(), {server_mac, {pixie_address, 3000}, {lease_address, to}},
                 wire::as_bytes(bytes));
  }
  void ask_tftp(std::string_view file) {
    from_machine(++port, 69, "\0\1"s + std::string(file) + "\0octet\0"s);
  }
  void load(std::string_view file, std::string_view content) {
    ask_tftp(file);
    std::uint8_t block = 0;
    do {
      const auto part = content.substr(0, 512);
      to_machine(port, "\0\3\0"s + static_cast<char>(++block) + std::string(part));
      content.remove_prefix(part.size());
      if (part.size() < 512) return;
    } while (true);
  }
  void tcp(bool from_machine, TcpSegment segment) {
    const wire::Endpoint client{lease_address, port};
    const wire::Endpoint server{pixie_address, 80};
    timeline.tcp(
        tick(), from_machine ? Path{machine_mac, client, server} : Path{server_mac, server, client},
        segment);
  }
  void connect() {
    ++port;
    tcp(true, {.is_syn = true, .payload = {}});
  }
  void get(std::string_view target, std::string_view response) {
    connect();
    tcp(false, {.is_syn = true, .is_ack = true, .payload = {}});
    const auto head = fmt::format("GET {} HTTP/1.1\r\nHost: x\r\n\r\n", target);
    tcp(true, {.is_ack = true, .payload = wire::as_bytes(head)});
    tcp(false, {.is_ack = true, .payload = wire::as_bytes(response)});
  }
  void boot_to_script() {
    dhcp("snponly.efi");
    load("snponly.efi", x64_rom);
    dhcp("chain.ipxe", true);
    load("chain.ipxe", "#!ipxe\n");
  }

  TimePoint tick() { return now += 10ms; }
  const Machine& machine() const { return timeline.machines().at(machine_mac); }
  std::vector<std::string> found() const { return ids(diagnose(machine(), timeline)); }
  std::string cause() const { return diagnose(machine(), timeline).back().cause; }

  Timeline timeline;
  TimePoint now{};
  std::uint16_t port = 2000;
};

const std::string own_target = "/ipxe/52-54-00-77-00-01.ipxe?uuid=1";

TEST_F(DiagnosisTest, BootIsFollowedToTheScript) {
  boot_to_script();
  get(own_target, "HTTP/1.1 200 OK\r\n\r\n#!ipxe\n");
  EXPECT_THAT(found(), ElementsAre());
  EXPECT_TRUE(machine().got_script);
  std::vector<Step> steps;
  for (const auto& news : timeline.take_news()) steps.push_back(news.event.step);
  using enum Step;
  EXPECT_THAT(steps, ElementsAre(discover, offer, request, ack, tftp_request, tftp_done, discover,
                                 offer, request, ack, tftp_request, tftp_done, http_connect,
                                 http_request, http_answer));
}

TEST_F(DiagnosisTest, NoDhcpServer) {
  discover();
  discover();
  EXPECT_THAT(found(), ElementsAre("no-dhcp-server"));
}

TEST_F(DiagnosisTest, EmptyPool) {
  // The server answered another machine before.
  auto other = address_only();
  auto packet = offer_of(other).packet;
  packet.chaddr[5] = 9;
  send({server_mac, {other.from, 67}, {everybody, 68}}, packet);
  discover();
  EXPECT_THAT(found(), ElementsAre("pool-empty"));
  EXPECT_THAT(cause(), HasSubstr("10.0.0.2"));
}

TEST_F(DiagnosisTest, RefusedAddress) {
  discover();
  answer(address_and("rom"));
  request();
  answer(address_and("rom"), dhcp::MessageType::nak);
  EXPECT_THAT(found(), ElementsAre("address-refused"));
  request();
  answer(address_and("rom"), dhcp::MessageType::ack);
  EXPECT_THAT(found(), ElementsAre("stopped"));
}

TEST_F(DiagnosisTest, NoBootInformation) {
  discover();
  answer(address_only());
  EXPECT_THAT(found(), ElementsAre("no-boot-information"));
}

TEST_F(DiagnosisTest, NobodyOnPort4011) {
  for (const bool proxy : {true, false}) {
    discover();
    auto misled = address_and("rom");
    misled.option_60 = "PXEClient";
    answer(proxy ? address_only() : misled);
    if (proxy) answer(proxy_with("rom"));
    request();
    answer(address_only(), dhcp::MessageType::ack);
    send({machine_mac, {lease_address, 4011}, {pixie_address, 4011}},
         boot_server_request(firmware_discover(*find_client_kind("x64-uefi"), machine_mac, 1),
                             lease_address));
    EXPECT_THAT(found(), ElementsAre(proxy ? "boot-server-silent" : "option-60-alone"));
  }
}

TEST_F(DiagnosisTest, TftpIsSilentOrRefuses) {
  dhcp("snponly.efi");
  ask_tftp("snponly.efi");
  EXPECT_THAT(found(), ElementsAre("tftp-silent"));
  to_machine(port, "\0\5\0\1no such file\0"s);
  EXPECT_THAT(found(), ElementsAre("tftp-file-missing"));
  EXPECT_THAT(cause(), HasSubstr("no such file"));
}

TEST_F(DiagnosisTest, TftpStalls) {
  dhcp("snponly.efi");
  ask_tftp("snponly.efi");
  to_machine(port, "\0\3\0\1"s + x64_rom);
  EXPECT_THAT(found(), ElementsAre("tftp-stalled"));
}

TEST_F(DiagnosisTest, OperatingSystemIsLeftAlone) {
  boot_to_script();
  get(own_target, "HTTP/1.1 200 OK\r\n\r\n#!ipxe\n");
  const auto before = machine().events.size();
  dhcp::Packet packet;
  std::ranges::copy(machine_mac.octets, packet.chaddr.begin());
  packet.set_message_type(dhcp::MessageType::discover);
  send({machine_mac, {nobody, 68}, {everybody, 67}}, packet);
  connect();
  timeline.arp(tick(), machine_mac, lease_address, pixie_address, false);
  EXPECT_EQ(machine().events.size(), before);
  EXPECT_THAT(found(), ElementsAre());
}

TEST_F(DiagnosisTest, NextBootBeginsAnew) {
  boot_to_script();
  get(own_target, "HTTP/1.1 200 OK\r\n\r\n#!ipxe\n");
  dhcp("snponly.efi");
  EXPECT_FALSE(machine().got_script);
  EXPECT_THAT(found(), ElementsAre("stopped"));
}

TEST_F(DiagnosisTest, WrongRom) {
  dhcp("snponly.efi");
  load("snponly.efi", bios_rom);
  EXPECT_THAT(found(), ElementsAre("rom-wrong"));
}

TEST_F(DiagnosisTest, RomThatDoesNotStart) {
  for (int i = 0; i < 3; ++i) {
    dhcp("snponly.efi");
    load("snponly.efi", x64_rom);
  }
  EXPECT_THAT(found(), ElementsAre("rom-not-started"));
}

TEST_F(DiagnosisTest, Loop) {
  dhcp("snponly.efi");
  load("snponly.efi", x64_rom);
  dhcp("snponly.efi", true);
  load("snponly.efi", x64_rom);
  EXPECT_THAT(found(), ElementsAre("rom-loop"));
}

TEST_F(DiagnosisTest, HttpPortIsClosedOrSilent) {
  boot_to_script();
  connect();
  EXPECT_THAT(found(), ElementsAre("http-silent"));
  tcp(false, {.is_ack = true, .is_reset = true, .payload = {}});
  EXPECT_THAT(found(), ElementsAre("http-closed"));
}

TEST_F(DiagnosisTest, MissingScript) {
  boot_to_script();
  get(own_target, "HTTP/1.1 404 Not Found\r\n\r\n");
  EXPECT_THAT(found(), ElementsAre("script-missing"));
  EXPECT_THAT(cause(), HasSubstr("(52-54-00-77-00-01.ipxe on"));
  get(own_target, "HTTP/1.1 200 OK\r\n\r\n" + script::no_script_message(machine_mac, "10.0.0.1"));
  EXPECT_THAT(found(), ElementsAre("script-missing"));
  EXPECT_FALSE(machine().got_script);
}

TEST_F(DiagnosisTest, MissingKernel) {
  boot_to_script();
  get(own_target, "HTTP/1.1 200 OK\r\n\r\n#!ipxe\n");
  get("/extra/vmlinuz", "HTTP/1.1 404 Not Found\r\n\r\n");
  EXPECT_THAT(found(), ElementsAre("file-missing"));
  EXPECT_THAT(cause(), HasSubstr("/extra/vmlinuz"));
}

TEST_F(DiagnosisTest, RelayThatIsNotReached) {
  const auto relay = wire::IpAddress::v4(10, 1, 0, 1);
  discover(false, "x64-uefi", relay);
  answer(address_and("rom"));
  EXPECT_THAT(found(), ElementsAre("relay-unreachable"));
  discover(false, "x64-uefi", relay);
  for (int i = 0; i < 2; ++i) timeline.arp(tick(), server_mac, dhcp_address, relay, false);
  EXPECT_THAT(found(), ElementsAre("relay-unreachable"));
  EXPECT_THAT(cause(), HasSubstr("10.1.0.1"));
  // It answers after all.
  timeline.arp(tick(), server_mac, relay, dhcp_address, true);
  EXPECT_THAT(found(), ElementsAre("pool-empty"));
}

TEST_F(DiagnosisTest, AddressInUse) {
  dhcp("snponly.efi");
  timeline.arp(tick(), *wire::Mac::parse("02:00:00:00:00:09"), lease_address, lease_address, true);
  EXPECT_THAT(found(), ElementsAre("address-in-use"));
  EXPECT_THAT(cause(), HasSubstr("02:00:00:00:00:09"));
}

TEST_F(DiagnosisTest, DeclinedAddress) {
  dhcp("snponly.efi");
  dhcp::Packet decline;
  std::ranges::copy(machine_mac.octets, decline.chaddr.begin());
  decline.set_message_type(dhcp::MessageType::decline);
  decline.options.set_address(dhcp::option::requested_address, lease_address);
  send({machine_mac, {nobody, 68}, {everybody, 67}}, decline);
  EXPECT_THAT(found(), ElementsAre("address-in-use"));
}

TEST_F(DiagnosisTest, ServerThatNobodyFinds) {
  dhcp("snponly.efi");
  for (int i = 0; i < 3; ++i) {
    timeline.arp(tick(), machine_mac, lease_address, pixie_address, false);
  }
  EXPECT_THAT(found(), ElementsAre("server-unreachable"));
}

TEST_F(DiagnosisTest, MachinesThatDontBootFromTheNetworkAreLeftOut) {
  dhcp::Packet packet;
  std::ranges::copy(machine_mac.octets, packet.chaddr.begin());
  packet.set_message_type(dhcp::MessageType::discover);
  send({machine_mac, {nobody, 68}, {everybody, 67}}, packet);
  EXPECT_TRUE(timeline.machines().empty());
}

TEST_F(DiagnosisTest, EventsAreBounded) {
  for (int i = 0; i < 1000; ++i) discover();
  EXPECT_EQ(machine().events.size(), Machine::max_events);
}

TEST(Tcp, SegmentsAreParsed) {
  const auto segment =
      parse_tcp(wire::as_bytes("\x10\x00\x00\x50\0\0\0\0\0\0\0\0\x60\x12\0\0\0\0\0\0"
                               "optsGET"sv));
  ASSERT_TRUE(segment);
  EXPECT_EQ(segment->from_port, 4096);
  EXPECT_EQ(segment->to_port, 80);
  EXPECT_TRUE(segment->is_syn && segment->is_ack && !segment->is_reset);
  EXPECT_EQ(wire::as_text(segment->payload), "GET");
  EXPECT_FALSE(parse_tcp(wire::as_bytes("\x10\x00\x00\x50"sv)));
  EXPECT_FALSE(parse_tcp(wire::as_bytes("\x10\x00\x00\x50\0\0\0\0\0\0\0\0\xf0\x12\0\0\0\0\0\0"sv)));
  EXPECT_FALSE(parse_tcp(wire::as_bytes("\x10\x00\x00\x50\0\0\0\0\0\0\0\0\x40\x12\0\0\0\0\0\0"sv)));
}

}  // namespace
}  // namespace pixie::doctor
