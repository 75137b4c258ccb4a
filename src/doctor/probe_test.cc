#include "doctor/probe.h"

#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "doctor/testing.h"
#include "script/chain.h"

namespace pixie::doctor {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using Outcome = Fetch::Outcome;

/// A network in which everything is staged.
class StagedNetwork final : public Wire {
 public:
  std::vector<Answer> to_firmware;
  std::vector<Answer> to_ipxe;
  std::vector<Answer> to_inform;
  std::optional<Answer> on_port_4011;
  std::optional<wire::Mac> address_owner;
  std::map<std::string, Fetch, std::less<>> files;

  void serve(const std::string& url, std::string content) {
    Fetch fetch;
    fetch.outcome = Outcome::done;
    fetch.size = content.size();
    fetch.content = std::move(content);
    files[url] = std::move(fetch);
  }
  void end(const std::string& url, Outcome outcome) { files[url].outcome = outcome; }

  std::vector<Offer> broadcast(const dhcp::Packet& packet) override {
    const bool is_inform = packet.message_type() == dhcp::MessageType::inform;
    std::vector<Offer> offers;
    for (const auto& answer : is_inform                        ? to_inform
                              : dhcp::describe(packet).is_ipxe ? to_ipxe
                                                               : to_firmware) {
      offers.push_back(offer_of(answer));
    }
    return offers;
  }
  std::optional<Offer> ask_boot_server(const wire::IpAddress& server,
                                       const dhcp::Packet& packet) override {
    asked = server;
    EXPECT_EQ(packet.ciaddr, own_address());
    return on_port_4011 ? std::optional(offer_of(*on_port_4011)) : std::nullopt;
  }
  std::optional<wire::Mac> owner(const wire::IpAddress&) override { return address_owner; }
  Fetch fetch(std::string_view url, bool) override {
    const auto found = files.find(url);
    Fetch result;
    if (found == files.end()) {
      result.outcome = Outcome::refused;
      result.detail = "HTTP status 404";
    } else {
      result = found->second;
    }
    result.url = url;
    result.server = pixie_address;
    return result;
  }
  wire::IpAddress own_address() const override { return wire::IpAddress::v4(10, 0, 0, 7); }

  wire::IpAddress asked;
};

const std::string script_url =
    "http://10.0.0.1/ipxe/52-54-00-77-00-01.ipxe?uuid=&serial=&arch=x86_64&platform=efi"
    "&manufacturer=&product=&asset=&ip=10.0.0.100";

class ProbeTest : public testing::Test {
 protected:
  /// All is well.
  ProbeTest() {
    net.to_firmware = {address_and("snponly.efi")};
    net.to_ipxe = {address_and("chain.ipxe")};
    net.serve("tftp://10.0.0.1/snponly.efi", x64_rom);
    net.serve("tftp://10.0.0.1/chain.ipxe",
              script::chain_script({"10.0.0.1", "http://10.0.0.1", 69, 10000}));
    net.serve(script_url, "#!ipxe\nkernel ${pixie}/extra/vmlinuz\nboot\n");
    net.serve("http://10.0.0.1/extra/vmlinuz", "kernel");
  }

  Report run(std::string_view kind = "x64-uefi") {
    return probe(net, *find_client_kind(kind), machine_mac, 7);
  }
  std::vector<std::string> found(std::string_view kind = "x64-uefi") {
    return ids(run(kind).findings);
  }

  StagedNetwork net;
};

TEST_F(ProbeTest, HealthyNetworkBoots) {
  const auto report = run();
  EXPECT_THAT(ids(report.findings), ElementsAre());
  EXPECT_TRUE(report.boots());
  ASSERT_EQ(report.files.size(), 2U);
  EXPECT_EQ(report.files[1].url, "http://10.0.0.1/extra/vmlinuz");
}

TEST_F(ProbeTest, WrongRom) {
  net.serve("tftp://10.0.0.1/snponly.efi", arm64_rom);
  EXPECT_THAT(found(), ElementsAre("rom-wrong"));
  EXPECT_THAT(run().findings[0].cause, HasSubstr("64-bit ARM UEFI"));
}

TEST_F(ProbeTest, NobodyOnPort4011) {
  net.to_firmware = {address_only(), proxy_with("snponly.efi")};
  EXPECT_THAT(found(), ElementsAre("boot-server-silent"));
  EXPECT_EQ(net.asked, pixie_address);
  net.on_port_4011 = proxy_with("snponly.efi");
  EXPECT_THAT(found(), ElementsAre());
}

TEST_F(ProbeTest, Option60Alone) {
  net.to_firmware[0].option_60 = "PXEClient";
  EXPECT_THAT(found(), ElementsAre("option-60-alone"));
}

TEST_F(ProbeTest, TwoProxiesAreTwoOnceAndStillBoot) {
  auto other = proxy_with("snponly.efi");
  other.from = wire::IpAddress::v4(10, 0, 0, 9);
  net.to_firmware = {address_only(), proxy_with("snponly.efi"), other};
  net.to_firmware[1].option_43 = use_file;
  net.to_ipxe = {address_only(), proxy_with("chain.ipxe"), other};
  const auto report = run();
  EXPECT_THAT(ids(report.findings), ElementsAre("two-proxies"));
  EXPECT_TRUE(report.boots());
}

TEST_F(ProbeTest, TftpFaults) {
  for (const auto& [outcome, id] :
       {std::pair(Outcome::silent, "tftp-silent"), std::pair(Outcome::closed, "tftp-closed"),
        std::pair(Outcome::stalled, "tftp-stalled"),
        std::pair(Outcome::refused, "tftp-file-missing"),
        std::pair(Outcome::unreachable, "server-unreachable")}) {
    net.end("tftp://10.0.0.1/snponly.efi", outcome);
    EXPECT_THAT(found(), ElementsAre(id));
  }
}

TEST_F(ProbeTest, HttpFaults) {
  net.to_ipxe = {address_and("http://10.0.0.1/chain.ipxe")};
  for (const auto& [outcome, id] :
       {std::pair(Outcome::silent, "http-silent"), std::pair(Outcome::closed, "http-closed"),
        std::pair(Outcome::stalled, "http-stalled"), std::pair(Outcome::refused, "http-error")}) {
    net.end("http://10.0.0.1/chain.ipxe", outcome);
    EXPECT_THAT(found(), ElementsAre(id));
  }
}

TEST_F(ProbeTest, MissingScript) {
  net.serve(script_url, script::no_script_message(machine_mac, "10.0.0.1"));
  EXPECT_THAT(found(), ElementsAre("script-missing"));
  EXPECT_THAT(run().findings[0].remedy, testing::StartsWith("Write 52-54-00-77-00-01.ipxe or"));
  net.files.erase(script_url);
  EXPECT_THAT(found(), ElementsAre("script-missing"));
  net.serve(script_url, "<html>");
  EXPECT_THAT(found(), ElementsAre("not-a-script"));
}

TEST_F(ProbeTest, MissingKernel) {
  net.files.erase("http://10.0.0.1/extra/vmlinuz");
  const auto report = run();
  EXPECT_THAT(ids(report.findings), ElementsAre("file-missing"));
  EXPECT_THAT(report.findings[0].cause, HasSubstr("extra/vmlinuz"));
  EXPECT_THAT(report.findings[0].cause, HasSubstr("404"));
}

TEST_F(ProbeTest, WhatCanNotBeTriedIsNotCalledTried) {
  EXPECT_TRUE(run().complete());
  net.end("http://10.0.0.1/extra/vmlinuz", Outcome::unchecked);
  const auto report = run();
  EXPECT_TRUE(report.boots());
  EXPECT_FALSE(report.complete());
  net.end("tftp://10.0.0.1/snponly.efi", Outcome::unchecked);
  EXPECT_FALSE(run().complete());
}

TEST_F(ProbeTest, AddressInUse) {
  net.address_owner = wire::Mac::parse("02:00:00:00:00:05");
  EXPECT_THAT(found(), ElementsAre("address-in-use"));
  net.address_owner = machine_mac;
  EXPECT_THAT(found(), ElementsAre());
}

TEST_F(ProbeTest, EmptyPool) {
  net.to_firmware.clear();
  EXPECT_THAT(found(), ElementsAre("no-dhcp-server"));
  auto told = address_only();
  told.type = dhcp::MessageType::ack;
  net.to_inform = {told};
  EXPECT_THAT(found(), ElementsAre("pool-empty"));
}

TEST_F(ProbeTest, Loop) {
  net.to_ipxe = net.to_firmware;
  EXPECT_THAT(found(), ElementsAre("rom-loop"));
  net.serve("tftp://10.0.0.1/snponly.efi", bios_rom);
  EXPECT_THAT(found("x86-bios"), ElementsAre("rom-loop"));
}

TEST_F(ProbeTest, NoBootInformation) {
  net.to_firmware = {address_only()};
  EXPECT_THAT(found(), ElementsAre("no-boot-information"));
}

TEST_F(ProbeTest, ScriptsThatChainEachOtherEnd) {
  net.serve(script_url, "#!ipxe\nchain http://10.0.0.1/a\n");
  net.serve("http://10.0.0.1/a", "#!ipxe\nchain http://10.0.0.1/b\n");
  net.serve("http://10.0.0.1/b", "#!ipxe\nchain http://10.0.0.1/a\n");
  EXPECT_THAT(found(), ElementsAre());
}

}  // namespace
}  // namespace pixie::doctor
