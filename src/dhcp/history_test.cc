// The history of boots, with a made-up clock.
#include "dhcp/history.h"

#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace pixie::dhcp {
namespace {

using namespace std::chrono_literals;
using Give = BootAnswer::Give;

constexpr wire::Mac mac{{0x52, 0x54, 0, 0, 0, 1}};
constexpr Uuid uuid{1, 2, 3};

wire::Mac numbered(unsigned number) {
  return {{2, 0, 0, 0, static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number)}};
}

class HistoryTest : public testing::Test {
 protected:
  /// A DISCOVER with an id of its own.
  BootAnswer ask(Asking asking = Asking::firmware) {
    return history.discover(mac, uuid, asking, ++xid, now);
  }
  /// The same DISCOVER again.
  BootAnswer repeat(Asking asking = Asking::firmware) {
    return history.discover(mac, uuid, asking, xid, now);
  }
  void fetch(Fetched what) { history.fetched(mac, what, now); }
  void pass(std::chrono::milliseconds time) { now += time; }

  History history;
  HistoryTime now{1h};
  std::uint32_t xid = 0;
};

TEST_F(HistoryTest, AnOrdinaryBoot) {
  EXPECT_EQ(history.request(mac, Asking::firmware, now).give, Give::rom);
  EXPECT_EQ(history.request(mac, Asking::ipxe, now).give, Give::script);
  EXPECT_EQ(ask().give, Give::rom);
  EXPECT_EQ(history.request(mac, Asking::firmware, now).give, Give::rom);
  fetch(Fetched::rom);
  pass(5s);
  EXPECT_EQ(ask(Asking::ipxe).give, Give::script);
  fetch(Fetched::chain_script);
  fetch(Fetched::further);
}

TEST_F(HistoryTest, AnIpxeThatLooksLikeFirmwareIsHelpedThenHeld) {
  const Give expected[] = {Give::rom, Give::rom, Give::script, Give::script, Give::nothing};
  for (unsigned round = 1; round <= 5; ++round) {
    const auto answer = ask();
    EXPECT_EQ(answer.give, expected[round - 1]) << round;
    EXPECT_EQ(answer.round, round);
    EXPECT_EQ(answer.report, round == 5);
    EXPECT_EQ(repeat().give, expected[round - 1]) << round;
    EXPECT_EQ(history.request(mac, Asking::firmware, now).give, expected[round - 1]) << round;
    if (round < 5) fetch(round < 3 ? Fetched::rom : Fetched::chain_script);
    pass(8s);
  }
  EXPECT_EQ(ask().give, Give::nothing);
  EXPECT_FALSE(ask().report);
  // Held for two minutes since round 5, then it may try again, and isn't reported again.
  pass(111s);
  EXPECT_EQ(ask().give, Give::nothing);
  pass(2s);
  for (unsigned round = 1; round <= 5; ++round) {
    const auto answer = ask();
    EXPECT_EQ(answer.round, round);
    EXPECT_FALSE(answer.report);
    fetch(Fetched::rom);
    pass(8s);
  }
}

TEST_F(HistoryTest, AHeldMachineIsAnsweredAsSoonAsItSaysThatItIsIpxe) {
  for (int round = 1; round <= 4; ++round) ask(), fetch(Fetched::rom);
  EXPECT_EQ(ask().give, Give::nothing);
  EXPECT_EQ(ask(Asking::ipxe).give, Give::script);
  EXPECT_EQ(ask().give, Give::rom);
}

/// What a machine does between two power cycles of a test lab, as often as it likes: never a loop.
struct Routine {
  const char* name;
  std::chrono::seconds period;
  std::vector<std::pair<std::optional<Asking>, Fetched>> steps;
};

class HistoryRoutines : public HistoryTest, public testing::WithParamInterface<Routine> {};

TEST_P(HistoryRoutines, AreNoLoops) {
  for (int boot = 0; boot < 50; ++boot) {
    const auto begin = now;
    for (const auto& [asking, fetched] : GetParam().steps) {
      if (asking) {
        const auto answer = ask(*asking);
        EXPECT_NE(answer.give, Give::nothing) << boot;
        EXPECT_LE(answer.round, 2U) << boot;
      }
      pass(1s);
      fetch(fetched);
      pass(2s);
    }
    now = begin + GetParam().period;
  }
}

constexpr auto firmware = Asking::firmware;
constexpr auto ipxe = Asking::ipxe;

INSTANTIATE_TEST_SUITE_P(
    , HistoryRoutines,
    testing::Values(
        Routine{"EachMinuteToItsScript",
                60s,
                {{firmware, Fetched::rom}, {ipxe, Fetched::chain_script}, {{}, Fetched::further}}},
        Routine{"FasterThanAnybody",
                10s,
                {{firmware, Fetched::rom}, {ipxe, Fetched::chain_script}, {{}, Fetched::further}}},
        Routine{"StaysInTheMenu", 12s, {{firmware, Fetched::rom}, {ipxe, Fetched::chain_script}}},
        Routine{"ScriptInTheRom", 10s, {{firmware, Fetched::rom}, {{}, Fetched::further}}},
        Routine{"TheRomAsksForAutoexecFirst",
                15s,
                {{firmware, Fetched::rom},
                 {{}, Fetched::chain_script},
                 {ipxe, Fetched::chain_script},
                 {{}, Fetched::further}}},
        Routine{"ForgetfulWithItsOwnScriptInTheRom",
                20s,
                {{firmware, Fetched::rom}, {firmware, Fetched::further}}},
        Routine{"TwoWaysIn",
                20s,
                {{Asking::http_firmware, Fetched::rom},
                 {firmware, Fetched::rom},
                 {ipxe, Fetched::chain_script},
                 {{}, Fetched::further}}},
        Routine{"IpxeInTheAdapter", 10s, {{ipxe, Fetched::chain_script}, {{}, Fetched::further}}},
        Routine{"OnlyTheRomEachTwoMinutes", 120s, {{firmware, Fetched::rom}}}),
    [](const auto& info) { return info.param.name; });

TEST_F(HistoryTest, AForgetfulIpxeThatReachesItsScriptIsNoLoop) {
  for (int boot = 0; boot < 20; ++boot) {
    for (const auto give : {Give::rom, Give::rom, Give::script}) {
      EXPECT_EQ(ask().give, give) << boot;
      fetch(give == Give::rom ? Fetched::rom : Fetched::chain_script);
      pass(5s);
    }
    fetch(Fetched::further);
    pass(20s);
  }
}

TEST_F(HistoryTest, AnOfferThatWasNotTakenIsNoRound) {
  ask(), fetch(Fetched::rom);
  pass(5s);
  EXPECT_EQ(ask().round, 2U);
  pass(5s);
  EXPECT_EQ(ask().round, 1U);
}

TEST_F(HistoryTest, ARepeatedDiscoverIsNoRound) {
  ask(), fetch(Fetched::rom);
  pass(5s);
  EXPECT_EQ(ask().round, 2U);
  pass(4s);
  EXPECT_EQ(repeat().round, 2U);
  pass(61s);
  EXPECT_EQ(repeat().round, 1U);
}

TEST_F(HistoryTest, RoundsAreCountedWithoutNewTransactionIds) {
  ask(), fetch(Fetched::rom);
  pass(5s);
  EXPECT_EQ(repeat().round, 2U);
  fetch(Fetched::rom);
  pass(61s);
  EXPECT_EQ(repeat().round, 1U);
}

TEST_F(HistoryTest, AnotherUuidIsAnotherMachine) {
  ask(), fetch(Fetched::rom);
  ask(), fetch(Fetched::rom);
  EXPECT_TRUE(history.first_time(mac, 3, now));
  EXPECT_EQ(history.discover(mac, Uuid{9}, Asking::firmware, 99, now).round, 1U);
  EXPECT_TRUE(history.first_time(mac, 3, now));
  fetch(Fetched::rom);
  EXPECT_EQ(history.discover(mac, std::nullopt, Asking::firmware, 100, now).round, 2U);
}

TEST_F(HistoryTest, ReportsAgainAfterSilence) {
  for (int time = 0; time < 2; ++time) {
    for (int round = 1; round <= 4; ++round) ask(), fetch(Fetched::rom);
    EXPECT_TRUE(ask().report);
    pass(301s);
  }
}

TEST_F(HistoryTest, TriesTheFormsInTurns) {
  EXPECT_EQ(ask().form, Form::primary);
  EXPECT_EQ(history.request(mac, firmware, now).form, Form::primary);
  pass(60s);
  EXPECT_EQ(ask().form, Form::alternative);
  EXPECT_EQ(history.request(mac, firmware, now).form, Form::alternative);
  pass(30s);
  EXPECT_EQ(ask().form, Form::primary);
  // iPXE and HTTP Boot of this machine have had no offer yet.
  EXPECT_EQ(ask(ipxe).form, Form::primary);
  EXPECT_EQ(ask(Asking::http_firmware).form, Form::primary);
  pass(30s);
  EXPECT_EQ(ask().form, Form::alternative);
  pass(61s);
  EXPECT_EQ(ask().form, Form::primary);
}

TEST_F(HistoryTest, ARepeatedDiscoverGetsTheOtherFormOnlyAfterAWhile) {
  EXPECT_EQ(ask().form, Form::primary);
  for (const auto& [pause, form] : {std::pair(4s, Form::primary),
                                    {8s, Form::primary},
                                    {16s, Form::alternative},
                                    {4s, Form::alternative}}) {
    pass(pause);
    EXPECT_EQ(repeat().form, form);
  }
}

TEST_F(HistoryTest, AFetchedFileConfirmsTheForm) {
  ask();
  pass(30s);
  EXPECT_EQ(ask().form, Form::alternative);
  fetch(Fetched::rom);
  pass(5s);
  EXPECT_EQ(ask(ipxe).form, Form::primary);
  fetch(Fetched::chain_script);
  fetch(Fetched::further);
  pass(10s);
  EXPECT_EQ(ask().form, Form::alternative);
  fetch(Fetched::rom);
  pass(24h);
  EXPECT_EQ(ask().form, Form::alternative);
  pass(30s);
  EXPECT_EQ(ask().form, Form::primary);
}

TEST_F(HistoryTest, AFileFetchedLaterConfirmsNothing) {
  ask();
  pass(30s);
  EXPECT_EQ(ask().form, Form::alternative);
  pass(61s);
  fetch(Fetched::further);
  pass(10s);
  EXPECT_EQ(ask().form, Form::primary);
}

TEST_F(HistoryTest, RemindsOncePerMachineAndTopic) {
  EXPECT_TRUE(history.first_time(mac, 0, now));
  EXPECT_FALSE(history.first_time(mac, 0, now));
  EXPECT_TRUE(history.first_time(mac, 63, now));
  EXPECT_TRUE(history.first_time(numbered(1), 0, now));
  pass(24h);
  EXPECT_FALSE(history.first_time(mac, 63, now));
}

TEST(HistorySize, ForgetsTheOneThatWasSilentLongest) {
  HistoryLimits limits;
  limits.max_machines = 100;
  History history(limits);
  const HistoryTime now(1h);
  history.fetched(numbered(1000), Fetched::rom, now);
  EXPECT_EQ(history.size(), 0U);
  for (unsigned i = 0; i < 100; ++i) EXPECT_TRUE(history.first_time(numbered(i), 0, now));
  EXPECT_FALSE(history.first_time(numbered(0), 0, now));
  history.discover(numbered(100), {}, Asking::firmware, 1, now);
  EXPECT_EQ(history.size(), 100U);
  EXPECT_FALSE(history.first_time(numbered(0), 0, now));
  EXPECT_TRUE(history.first_time(numbered(1), 0, now));
}

}  // namespace
}  // namespace pixie::dhcp
