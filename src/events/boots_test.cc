#include "events/boots.h"

#include <initializer_list>
#include <optional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "events/catalogue.h"

namespace pixie::events {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::string_view mac = "52:54:00:12:34:56";

std::vector<std::string> events_of(const Boot& boot) {
  std::vector<std::string> ids;
  ids.reserve(boot.steps.size());
  for (const auto& step : boot.steps) ids.push_back(step.event);
  return ids;
}

/// Plays what machines do against a clock of its own; the boots are looked at once a second.
class BootsTest : public testing::Test {
 protected:
  void pass(std::chrono::milliseconds time) {
    for (const auto until = now_ + time; now_ < until;) {
      now_ += std::min<Time::duration>(1s, until - now_);
      boots_.tick(now_);
      hear();
    }
  }

  void give(const Kind& kind, std::initializer_list<Field> fields) {
    boots_.take({kind, now_, fields});
    hear();
  }

  void offered(std::string_view firmware, std::string_view file) {
    give(dhcp_offered, {{"mac", mac},
                        {"firmware", firmware},
                        {"arch", "x64 UEFI"},
                        {"address", "192.0.2.9"},
                        {"file", file}});
  }
  void tftp(const Kind& kind, std::string_view what, std::string_view file, std::uint64_t bytes) {
    give(kind, {{"mac", mac},
                {"what", what},
                {"file", file},
                {"bytes", bytes},
                {"seconds", 0.5},
                {"reason", "-"}});
  }
  void http(std::string_view what, std::string_view path, std::uint64_t bytes, int status = 200) {
    give(status < 400 ? http_done : http_refused,
         {{"mac", mac},
          {"method", "GET"},
          {"what", what},
          {"path", path},
          {"status", status},
          {"bytes", bytes},
          {"seconds", 0.25},
          {"reason", status < 400 ? "-" : "No such file."}});
  }
  void progress(std::string_view path, std::uint64_t sent, std::uint64_t size) {
    give(http_progress,
         {{"mac", mac}, {"what", "file"}, {"path", path}, {"sent", sent}, {"size", size}});
  }
  void scripted(std::string_view because, std::string_view profile = "-",
                std::string_view target = "-") {
    give(boot_script, {{"mac", mac},
                       {"because", because},
                       {"profile", profile},
                       {"rule", "-"},
                       {"target", target}});
    http("script", "ipxe/52-54-00-12-34-56.ipxe", 120);
  }
  /// Firmware's part until iPXE has its menu.
  void reach_menu() {
    offered("UEFI", "snponly.efi");
    pass(1s);
    tftp(tftp_size_probe, "rom", "snponly.efi", 0);
    tftp(tftp_done, "rom", "snponly.efi", 300'000);
    pass(3s);
    offered("iPXE", "chain.ipxe");
    http("chain", "chain.ipxe", 900);
  }

  const Boot* live() const { return boots_.live(*wire::Mac::parse(mac)); }
  Boot last() const { return ended_.empty() ? Boot() : ended_.back(); }

  Time now_{std::chrono::days(20'000)};
  Boots boots_;
  std::vector<Boot> ended_;
  int started_ = 0;

 private:
  void hear() {
    for (auto& news : boots_.take_news()) {
      started_ += news.what == Boots::News::What::started ? 1 : 0;
      if (news.what == Boots::News::What::ended) ended_.push_back(std::move(news.boot));
    }
  }
};

TEST_F(BootsTest, UefiMachineLoadsItsKernelAndIsBooted) {
  const auto start = now_;
  reach_menu();
  EXPECT_EQ(live()->stage, Stage::ipxe);
  scripted("rule", "debian12");
  EXPECT_EQ(live()->stage, Stage::script);
  EXPECT_EQ(live()->profile, "debian12");
  progress("extra/linux", 0, 8'000'000);
  EXPECT_EQ(live()->stage, Stage::loading);
  EXPECT_EQ(live()->bytes_total, 8'000'000U);
  pass(1s);
  progress("extra/linux", 2'000'000, 8'000'000);
  EXPECT_EQ(live()->bytes_sent, 2'000'000U);
  pass(1s);
  http("file", "extra/linux", 8'000'000);
  http("file", "extra/initrd.gz", 500'000);
  const auto over = now_;
  pass(14s);
  ASSERT_TRUE(live());
  EXPECT_EQ(live()->bytes_sent, 8'500'000U);
  pass(2s);
  EXPECT_FALSE(live());
  ASSERT_THAT(ended_, SizeIs(1));
  const auto boot = last();
  EXPECT_EQ(boot.outcome, Outcome::booted);
  EXPECT_EQ(boot.stage, Stage::system);
  EXPECT_EQ(boot.started, start);
  EXPECT_EQ(boot.updated, over);
  EXPECT_EQ(boot.cause, "");
  EXPECT_EQ(boot.bytes_total, 8'500'000U);
  EXPECT_THAT(events_of(boot),
              ElementsAre("dhcp.offered", "tftp.size_probe", "tftp.done", "dhcp.offered",
                          "http.done", "boot.script", "http.done", "http.done", "http.done"));
  EXPECT_EQ(boot.steps[2].bytes, 300'000U);
  EXPECT_EQ(boot.steps[2].seconds, 0.5);
  EXPECT_EQ(boot.steps[5].text, "rule: debian12");
  EXPECT_EQ(started_, 1);
}

TEST_F(BootsTest, BeginsWithTheRomWhereAnotherServerGivesAddresses) {
  tftp(tftp_done, "rom", "undionly.kpxe", 70'000);
  ASSERT_TRUE(live());
  EXPECT_EQ(live()->stage, Stage::rom);
  EXPECT_EQ(live()->started, now_ - 500ms);
}

TEST_F(BootsTest, FirmwareThatRepeatsItsQuestionBeginsOnce) {
  for (int i = 0; i < 4; ++i) {
    offered("BIOS", "undionly.kpxe");
    pass(8s);
  }
  EXPECT_EQ(started_, 1);
  EXPECT_THAT(live()->steps, SizeIs(4));
}

TEST_F(BootsTest, OtherClientsOfDhcpBeginNothing) {
  offered("no boot client", "-");
  offered("iPXE", "chain.ipxe");
  http("file", "extra/linux", 100);
  http("-", "api/v1/machines", 100);
  give(http_done, {{"mac", "-"}, {"what", "script"}, {"path", "x"}, {"status", 200}});
  EXPECT_EQ(started_, 0);
}

TEST_F(BootsTest, OwnScriptThatNamesNothingHereIsHandedOver) {
  http("chain", "chain.ipxe", 900);
  scripted("own_script");
  pass(59s);
  ASSERT_TRUE(live());
  pass(2s);
  EXPECT_EQ(last().outcome, Outcome::handed_over);
  EXPECT_EQ(last().because, "own_script");
}

TEST_F(BootsTest, LocalProfileEndsWhenItsScriptWasSent) {
  reach_menu();
  scripted("rule", "disk", "local");
  EXPECT_FALSE(live());
  EXPECT_EQ(last().outcome, Outcome::local);
  // Stragglers begin nothing.
  http("file", "extra/late", 1);
  pass(300s);
  EXPECT_THAT(ended_, SizeIs(1));
  EXPECT_EQ(started_, 1);
}

TEST_F(BootsTest, OneShotWaitsForItsCallback) {
  reach_menu();
  scripted("once", "install");
  http("file", "extra/linux", 1000);
  pass(20s);
  ASSERT_TRUE(live());
  EXPECT_EQ(live()->outcome, Outcome::installing);
  pass(600s);
  http("file", "t/preseed.cfg", 400);
  pass(600s);
  ASSERT_TRUE(live());
  give(machine_done, {{"mac", mac}, {"profile", "install"}, {"reason", ""}});
  EXPECT_FALSE(live());
  EXPECT_EQ(last().outcome, Outcome::installed);
}

TEST_F(BootsTest, InstallationThatReportsAnErrorHasFailed) {
  scripted("once", "install");
  pass(100s);
  give(machine_failed, {{"mac", mac}, {"profile", "install"}, {"reason", "no disk"}});
  EXPECT_EQ(last().outcome, Outcome::failed);
  EXPECT_THAT(last().cause, HasSubstr("no disk"));
}

TEST_F(BootsTest, InstallationThatNeverCallsBackIsLeftByTheNextBoot) {
  scripted("once", "install");
  http("file", "extra/linux", 1000);
  pass(1000s);
  tftp(tftp_done, "rom", "undionly.kpxe", 70'000);
  EXPECT_EQ(last().outcome, Outcome::installing);
  EXPECT_EQ(started_, 2);
}

TEST_F(BootsTest, OfferThatLeadsToNoRequestHasStalled) {
  offered("BIOS", "undionly.kpxe");
  pass(61s);
  EXPECT_EQ(last().outcome, Outcome::stalled);
  EXPECT_THAT(last().cause, AllOf(HasSubstr("undionly.kpxe"), HasSubstr("UDP port 69")));
}

TEST_F(BootsTest, OfferOfAUrlSpeaksOfHttp) {
  offered("UEFI HTTP", "http://192.0.2.1/snponly.efi");
  pass(61s);
  EXPECT_THAT(last().cause, HasSubstr("HTTP port"));
}

TEST_F(BootsTest, MachineWithoutARomIsToldSo) {
  give(dhcp_no_rom, {{"mac", mac}, {"firmware", "other"}, {"arch", "riscv64 UEFI"}, {"file", "-"}});
  pass(61s);
  EXPECT_THAT(last().cause, HasSubstr("riscv64 UEFI"));
}

TEST_F(BootsTest, RomThatNeverAsksForAnythingHasStalled) {
  offered("UEFI", "snponly.efi");
  tftp(tftp_done, "rom", "snponly.efi", 300'000);
  pass(89s);
  ASSERT_TRUE(live());
  pass(2s);
  EXPECT_EQ(last().outcome, Outcome::stalled);
  EXPECT_EQ(last().stage, Stage::rom);
  EXPECT_THAT(last().cause, HasSubstr("Secure Boot"));
}

TEST_F(BootsTest, SizeProbeAloneIsNoRom) {
  offered("UEFI", "snponly.efi");
  tftp(tftp_size_probe, "rom", "snponly.efi", 0);
  pass(91s);
  EXPECT_THAT(last().cause, HasSubstr("did not load it"));
}

TEST_F(BootsTest, IpxeThatFindsNoMenuHasStalled) {
  tftp(tftp_done, "rom", "undionly.kpxe", 70'000);
  pass(2s);
  offered("iPXE", "chain.ipxe");
  pass(91s);
  EXPECT_EQ(last().stage, Stage::ipxe);
  EXPECT_THAT(last().cause, HasSubstr("chain.ipxe"));
}

TEST_F(BootsTest, MachineWithoutAScriptHasStalled) {
  reach_menu();
  scripted("nothing");
  pass(61s);
  EXPECT_EQ(last().outcome, Outcome::stalled);
  EXPECT_THAT(last().cause, HasSubstr("default.ipxe"));
}

TEST_F(BootsTest, TransferThatTimesOutStallsSoon) {
  reach_menu();
  scripted("rule", "debian12");
  tftp(tftp_timeout, "file", "extra/linux", 4'000);
  pass(31s);
  EXPECT_EQ(last().outcome, Outcome::stalled);
  EXPECT_THAT(last().cause, AllOf(HasSubstr("extra/linux"), HasSubstr("4000 bytes")));
  EXPECT_EQ(last().bytes_sent, 4'000U);
}

TEST_F(BootsTest, FileThatIsNotThereIsNamed) {
  scripted("rule", "debian12");
  http("-", "extra/linus", 40, 404);
  pass(31s);
  EXPECT_EQ(last().outcome, Outcome::stalled);
  EXPECT_THAT(last().cause, HasSubstr("extra/linus"));
}

TEST_F(BootsTest, WhatIsSentWholeAfterATroubleMakesUpForIt) {
  scripted("rule", "debian12");
  http("-", "extra/optional", 40, 404);
  http("file", "extra/linux", 1000);
  pass(16s);
  EXPECT_EQ(last().outcome, Outcome::booted);
}

TEST_F(BootsTest, TransferThatFailsHereIsOurFault) {
  scripted("rule", "debian12");
  give(http_failed, {{"mac", mac},
                     {"what", "-"},
                     {"path", "extra/linux"},
                     {"status", 500},
                     {"reason", "Input/output error"}});
  pass(31s);
  EXPECT_EQ(last().outcome, Outcome::failed);
  EXPECT_THAT(last().cause, HasSubstr("Input/output error"));
}

TEST_F(BootsTest, TransferThatGoesOnIsNoSilence) {
  scripted("own_script");
  for (std::uint64_t sent = 0; sent < 50; ++sent) {
    progress("extra/big.iso", sent, 50);
    pass(60s);
  }
  ASSERT_TRUE(live());
  pass(61s);
  EXPECT_EQ(last().outcome, Outcome::stalled);
  EXPECT_THAT(last().cause, HasSubstr("middle of loading"));
}

TEST_F(BootsTest, ScriptThatCannotBeMadeFails) {
  reach_menu();
  give(script_mistake,
       {{"mac", mac}, {"profile", "x"}, {"reason", "pixie.toml:3:9: role is not known"}});
  http("-", "ipxe/52-54-00-12-34-56.ipxe", 40, 500);
  EXPECT_EQ(last().outcome, Outcome::failed);
  EXPECT_THAT(last().cause, HasSubstr("pixie.toml:3:9"));
  EXPECT_EQ(last().profile, "x");
}

TEST_F(BootsTest, ResetInTheMiddleIsSuperseded) {
  reach_menu();
  scripted("own_script");
  pass(5s);
  offered("UEFI", "snponly.efi");
  ASSERT_THAT(ended_, SizeIs(1));
  EXPECT_EQ(last().outcome, Outcome::superseded);
  EXPECT_EQ(live()->stage, Stage::dhcp);
}

TEST_F(BootsTest, ResetAfterAllWasSentIsABootAndAnother) {
  reach_menu();
  scripted("own_script");
  http("file", "extra/memtest", 5'000);
  pass(5s);
  offered("UEFI", "snponly.efi");
  EXPECT_EQ(last().outcome, Outcome::booted);
  EXPECT_EQ(started_, 2);
}

TEST_F(BootsTest, MenuThatIsLoadedAgainAfterAKernelIsAnotherBoot) {
  tftp(tftp_done, "chain", "chain.ipxe", 2000);
  scripted("own_script");
  http("file", "extra/vmlinuz", 9'000'000);
  pass(8s);
  tftp(tftp_done, "chain", "chain.ipxe", 2000);
  EXPECT_EQ(last().outcome, Outcome::booted);
  EXPECT_EQ(started_, 2);
}

TEST_F(BootsTest, RomThatIsLoadedAgainAndAgainIsManyBoots) {
  for (int i = 0; i < 3; ++i) {
    tftp(tftp_done, "rom", "undionly.kpxe", 70'000);
    pass(20s);
  }
  EXPECT_EQ(started_, 3);
  EXPECT_THAT(ended_, SizeIs(2));
}

TEST_F(BootsTest, LoopThatIsHeldSaysWhy) {
  offered("BIOS", "undionly.kpxe");
  give(dhcp_held, {{"mac", mac}, {"firmware", "BIOS"}, {"file", "-"}});
  EXPECT_EQ(last().outcome, Outcome::stalled);
  EXPECT_THAT(last().cause, HasSubstr("again and again"));
}

TEST_F(BootsTest, PartsOfAnImageAreOneFileAndOneStep) {
  scripted("rule", "iso");
  for (int i = 0; i < 1000; ++i) http("file", "extra/live.iso", 2048, 206);
  EXPECT_EQ(live()->bytes_sent, 2'048'000U);
  EXPECT_EQ(live()->bytes_total, 2'048'000U);
  EXPECT_THAT(live()->steps, SizeIs(3));
  EXPECT_EQ(live()->steps.back().bytes, 2'048'000U);
}

TEST_F(BootsTest, StepsAndFilesAreBounded) {
  scripted("rule", "installer");
  for (int i = 0; i < 1000; ++i) http("file", "extra/package" + std::to_string(i), 10);
  EXPECT_THAT(live()->steps, SizeIs(200));
  EXPECT_EQ(live()->steps_left_out, 802U);
  EXPECT_EQ(live()->bytes_sent, 10'000U);
  pass(16s);
  EXPECT_EQ(last().outcome, Outcome::booted);
}

TEST_F(BootsTest, MachinesAreBounded) {
  for (std::uint32_t i = 0; i < 20'000; ++i) {
    const wire::Mac other{
        {2, 0, 0, 0, static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i)}};
    boots_.take({dhcp_offered, now_,
                 std::initializer_list<Field>{{"mac", other.colons()}, {"firmware", "BIOS"}}});
  }
  EXPECT_THAT(boots_.live(), SizeIs(BootLimits().max_machines));
  boots_.tick(now_ + 61s);
  EXPECT_THAT(boots_.live(), IsEmpty());
}

TEST_F(BootsTest, ForgottenMachinesEndWithoutNews) {
  http("chain", "chain.ipxe", 900);
  boots_.forget(*wire::Mac::parse(mac));
  EXPECT_FALSE(live());
  pass(600s);
  EXPECT_THAT(ended_, IsEmpty());
}

TEST_F(BootsTest, WhoOnlyLooksBeginsNothing) {
  give(http_done, {{"mac", mac},
                   {"method", "HEAD"},
                   {"what", "chain"},
                   {"path", "chain.ipxe"},
                   {"status", 200}});
  EXPECT_FALSE(live());
}

TEST_F(BootsTest, RequestForTheMenuAfterLongSilenceBeginsAnew) {
  scripted("once", "install");
  http("file", "extra/linux", 1000);
  pass(601s);
  http("chain", "chain.ipxe", 900);
  EXPECT_EQ(started_, 2);
}

TEST(AnnounceBoot, TellsBeginningAndEnd) {
  class Collector final : public View {
   public:
    bool wants(const Kind& kind) const override { return kind.id.starts_with("boot."); }
    void take(const Record& record) override {
      text += std::string(record.kind.id) + " " + std::string(record.text("mac")) + " " +
              std::string(record.text("outcome")) + " " + std::string(record.text("cause")) + "\n";
    }
    std::string text;
  } view;
  {
    Stream stream;
    stream.add(view);
    Boots::News news{Boots::News::What::started, {}};
    announce(stream, news);
    news.what = Boots::News::What::ended;
    news.boot.outcome = Outcome::stalled;
    news.boot.cause = "It stopped.";
    announce(stream, news);
  }
  EXPECT_EQ(view.text,
            "boot.started 00:00:00:00:00:00  \n"
            "boot.ended 00:00:00:00:00:00 stalled It stopped.\n");
}

}  // namespace
}  // namespace pixie::events
