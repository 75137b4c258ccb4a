#include "storm/machine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storm/testing.h"

namespace pixie::storm {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::string_view chain =
    "#!ipxe\nset script ipxe/${mac:hexhyp}.ipxe\nchain http://10.0.0.1/${script} || goto x\n";
constexpr std::string_view own =
    "#!ipxe\nkernel /vmlinuz quiet || goto failed\ninitrd /initrd\nboot\nkernel /other\nboot\n";
constexpr std::string_view own_path = "/ipxe/52-54-00-77-00-01.ipxe";

class StormMachine : public ::testing::Test {
 protected:
  StormMachine() {
    plan.kind = *doctor::find_client_kind("x64-uefi");
    plan.own_address = wire::IpAddress::v4(10, 0, 0, 2);
    plan.rom = "tftp://10.0.0.1/snponly.efi";
    plan.script = "tftp://10.0.0.1/chain.ipxe";
    rom = doctor::x64_rom + std::string(10'000, 'r');
    network.files = {{"snponly.efi", rom},
                     {"chain.ipxe", std::string(chain)},
                     {std::string(own_path), std::string(own)},
                     {"/vmlinuz", std::string(5000, 'k')},
                     {"/initrd", std::string(7000, 'i')}};
  }

  Boot run(std::uint64_t seed = 1) {
    Machine machine(plan, network, doctor::machine_mac, seed);
    network.run(machine);
    return machine.boot();
  }

  static std::string failure_of(const Boot& boot) {
    return boot.failure ? fmt::format("{} {}", step_name(boot.step), boot.failure->id) : "none";
  }

  Plan plan;
  TestNetwork network;
  std::string rom;
};

TEST_F(StormMachine, GoesTheWholeWayWithoutDhcp) {
  const auto boot = run();
  EXPECT_EQ(failure_of(boot), "none");
  EXPECT_THAT(network.sent,
              ElementsAre("rrq snponly.efi", "abort", "rrq snponly.efi", "rrq chain.ipxe",
                          "GET " + std::string(own_path), "GET /vmlinuz", "GET /initrd"));
  EXPECT_EQ(boot.traffic.tftp_bytes, rom.size() + chain.size());
  EXPECT_EQ(boot.traffic.http_bytes, own.size() + 12'000);
  EXPECT_EQ(boot.traffic.repeats, 0);
  EXPECT_EQ(boot.took, network.now - TimePoint());
}

TEST_F(StormMachine, FirmwareForBiosAcknowledgesEachBlock) {
  plan.kind = *doctor::find_client_kind("x86-bios");
  network.files["snponly.efi"] = doctor::bios_rom + std::string(2 * 1456, 'r');
  EXPECT_EQ(failure_of(run()), "none");
  // Request and abort; request, OACK, three blocks; the script's request, OACK, block.
  EXPECT_EQ(network.datagrams, 2 + 5 + 3);
}

TEST_F(StormMachine, GetsAddressAndFilesByDhcp) {
  plan.dhcp_servers = {doctor::dhcp_address};
  plan.rom = plan.script = "";
  network.offer = doctor::address_and("snponly.efi");
  network.ipxe_offer = doctor::address_and("chain.ipxe");
  EXPECT_EQ(failure_of(run()), "none");
  EXPECT_THAT(network.sent,
              ElementsAre("discover", "request", "rrq snponly.efi", "abort", "rrq snponly.efi",
                          "discover", "request", "rrq chain.ipxe", "GET " + std::string(own_path),
                          "GET /vmlinuz", "GET /initrd"));
}

TEST_F(StormMachine, AsksPort4011WhereFirmwareDoes) {
  plan.dhcp_servers = {doctor::dhcp_address};
  network.offer = doctor::address_and("snponly.efi");
  network.offer.option_60 = "PXEClient";
  network.ipxe_offer = doctor::address_and("chain.ipxe");
  EXPECT_EQ(failure_of(run()), "none");
  EXPECT_THAT(std::vector(network.sent.begin(), network.sent.begin() + 4),
              ElementsAre("discover", "request", "4011", "rrq snponly.efi"));
}

TEST_F(StormMachine, TellsWhatDhcpLacks) {
  plan.dhcp_servers = {doctor::dhcp_address};
  network.offer = doctor::address_only();
  EXPECT_EQ(failure_of(run()), "dhcp no-boot-information");
  network.silent = true;
  network.sent.clear();
  EXPECT_EQ(failure_of(run()), "dhcp no-dhcp-server");
  EXPECT_THAT(network.sent,
              ElementsAre("discover", "discover", "discover", "discover", "discover", "discover"));
  network.dhcp_server = doctor::dhcp_address;
  EXPECT_EQ(failure_of(run()), "dhcp pool-empty");
}

TEST_F(StormMachine, GivesUpAfterItsPatience) {
  network.silent = true;
  EXPECT_EQ(failure_of(run()), "rom tftp-silent");
  EXPECT_EQ(network.now, TimePoint() + plan.patience);
  plan.rom = "http://10.0.0.1/snponly.efi";
  EXPECT_EQ(failure_of(run()), "rom http-silent");
  EXPECT_EQ(network.now, TimePoint() + 2 * plan.patience);
  network.silent = false;
  network.heads_only = true;
  EXPECT_EQ(failure_of(run()), "rom http-stalled");
}

TEST_F(StormMachine, TellsTheStepAndTheCause) {
  network.port_error = ECONNREFUSED;
  EXPECT_EQ(failure_of(run()), "rom tftp-closed");
  network.port_error = 0;
  network.files.erase("/initrd");
  const auto boot = run();
  EXPECT_EQ(failure_of(boot), "files file-missing");
  EXPECT_THAT(boot.failure->cause, HasSubstr("initrd"));
  network.files.erase(std::string(own_path));
  EXPECT_EQ(failure_of(run()), "script script-missing");
  network.files["chain.ipxe"] = rom;
  EXPECT_EQ(failure_of(run()), "script rom-loop");
  network.files["snponly.efi"] = doctor::arm64_rom;
  EXPECT_EQ(failure_of(run()), "rom rom-wrong");
  network.files.erase("snponly.efi");
  EXPECT_EQ(failure_of(run()), "rom tftp-file-missing");
}

TEST_F(StormMachine, AsksNoPublicServer) {
  network.files["/vmlinuz"] = "";
  network.files[std::string(own_path)] = "#!ipxe\nkernel http://192.0.2.1/vmlinuz\nboot\n";
  EXPECT_EQ(failure_of(run()), "files not-tried");
  plan.public_servers = true;
  EXPECT_EQ(failure_of(run()), "none");
  network.files[std::string(own_path)] = "#!ipxe\nkernel http://example.com/vmlinuz\nboot\n";
  EXPECT_EQ(failure_of(run()), "files not-tried");
}

TEST_F(StormMachine, ComesAgainAsABusyServerSays) {
  network.http_answers.insert({"/vmlinuz", {.status = 503, .location = {}, .retry_after = 3}});
  const auto boot = run();
  EXPECT_EQ(failure_of(boot), "none");
  EXPECT_EQ(boot.traffic.waits, 1);
  EXPECT_GE(boot.took, seconds(3));
  EXPECT_LT(boot.took, seconds(4));
}

TEST_F(StormMachine, FollowsRedirectionsButNotForEver) {
  const HttpHead onward{.status = 302, .location = "/initrd", .retry_after = {}};
  network.http_answers.insert({"/vmlinuz", onward});
  EXPECT_EQ(failure_of(run()), "none");
  for (int i = 0; i < 9; ++i)
    network.http_answers.insert(
        {"/vmlinuz", {.status = 302, .location = "/vmlinuz", .retry_after = {}}});
  EXPECT_EQ(failure_of(run()), "files file-missing");
}

TEST_F(StormMachine, RepeatsWhatIsLostAndIsRepeatable) {
  plan.loss = 0.1;
  std::vector<Duration> times;
  for (const std::uint64_t seed : {7, 7, 8}) {
    network.now = TimePoint();
    const auto boot = run(seed);
    EXPECT_EQ(failure_of(boot), "none") << seed;
    EXPECT_GE(boot.traffic.tftp_bytes, rom.size() + chain.size());
    times.push_back(boot.took);
  }
  EXPECT_EQ(times[0], times[1]);
}

TEST_F(StormMachine, PausesBetweenTheSteps) {
  plan.think = seconds(10);
  const auto boot = run();
  EXPECT_EQ(failure_of(boot), "none");
  // rom, script, script, files: three pauses of 5 to 15 seconds.
  EXPECT_GE(boot.took, seconds(15));
  EXPECT_LE(boot.took, seconds(46));
}

}  // namespace
}  // namespace pixie::storm
