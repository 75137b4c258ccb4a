// Transfers over a network that loses, duplicates, reorders and delays, with every kind of options and clients that are
// reset in the middle: random scenarios by their seed (see wire/testing_network.h), and some that are chosen.
#include "tftp/transfer_sim.h"

#include <gtest/gtest.h>

namespace pixie::tftp::sim {
namespace {

using namespace std::chrono_literals;
using simulation::Dice;

constexpr std::uint64_t usual_seeds = 2000;

Options with(std::uint16_t blksize, std::uint16_t windowsize) {
  return {.tsize = 0, .blksize = blksize, .windowsize = windowsize, .timeout = {}};
}

Result run(const Scenario& scenario, std::uint64_t seed = 1) {
  return Simulation(scenario, seed).run();
}

constexpr Habit habits[] = {Habit::answers_each, Habit::answers_once, Habit::silent};
constexpr std::uint16_t windows[] = {1, 2, 4, 16, 64};

Link random_link(Dice& dice, double most_loss, double most_disorder) {
  constexpr Duration delays[] = {50us, 1ms, 20ms, 150ms};
  return {.loss = dice.fraction(most_loss),
          .duplication = dice.fraction(most_disorder),
          .reordering = dice.fraction(most_disorder),
          .delay = dice.one_of(delays),
          .per_packet = 10us};
}

/// Each option there or not.
Options random_options(Dice& dice) {
  constexpr std::uint16_t blksizes[] = {8, 64, 512, 1432};
  Options options;
  if (dice.below(2) == 0) options.tsize = 0;
  if (dice.below(4) > 0) options.blksize = dice.one_of(blksizes);
  if (dice.below(4) > 0) options.windowsize = dice.one_of(windows);
  if (dice.below(8) == 0) options.timeout = 2;
  return options;
}

ClientSpec random_client(Dice& dice, std::uint64_t blocks) {
  constexpr Duration timeouts[] = {1s, 4s};
  constexpr Duration pauses[] = {2s, 10s, 40s};
  ClientSpec client;
  if (dice.below(8) > 0) client.options = random_options(dice);
  // RFC 7440 section 4 demands an answer to a gap, so with windows no client is silent.
  const bool windows_agreed = client.options.windowsize.value_or(1) > 1;
  client.habit = habits[dice.below(windows_agreed ? 2 : 3)];
  client.netascii = dice.below(8) == 0;
  client.sends_final_ack = dice.below(8) > 0;
  client.timeout = dice.one_of(timeouts);
  if (dice.below(4) == 0) {
    client.restart = {.after = dice.below(blocks + 2),
                      .pause = dice.one_of(pauses),
                      .same_port = dice.below(2) == 0};
  }
  return client;
}

/// One scenario in 500 is of so many blocks that their numbers roll over.
Scenario random_scenario(std::uint64_t seed, double most_loss, double most_disorder) {
  Dice dice(seed ^ 0x5eed);
  Scenario scenario;
  const bool rolls_over = seed % 500 == 0;
  const auto blocks = rolls_over ? 65'500 + dice.below(200) : dice.below(150);
  scenario.client = random_client(dice, blocks);
  if (rolls_over) {
    scenario.client.options.blksize = 8;
    // Of so many blocks some would be lost again and again.
    most_loss = std::min(most_loss, 0.02);
  }
  const auto blksize = scenario.client.options.blksize.value_or(default_blksize);
  scenario.size = blksize * blocks + dice.below(3) * (blksize / 2);
  scenario.down = random_link(dice, most_loss, most_disorder);
  scenario.up = random_link(dice, most_loss, most_disorder);
  scenario.full_socket = dice.below(4) == 0 ? dice.fraction(0.5) : 0;
  return scenario;
}

TEST(TransferSim, UndisturbedTransfersSendEveryPacketOnce) {
  for (const auto habit : habits) {
    for (const auto window : windows) {
      for (const std::uint64_t size : {0, 1, 511, 512, 513, 51'200, 100'000}) {
        Scenario scenario;
        scenario.client = {
            .options = with(512, window), .habit = habit, .vanishes_after = {}, .restart = {}};
        scenario.size = size;
        const auto result = run(scenario);
        EXPECT_EQ(result.violation, "");
        EXPECT_TRUE(result.client_has_all);
        EXPECT_EQ(result.outcome, Outcome::complete);
        EXPECT_EQ(result.packets_down, result.least_packets);
      }
    }
  }
}

/// What must hold for any transfer, whatever the network did.
void expect_sane(const Scenario& scenario, const Result& result) {
  EXPECT_EQ(result.violation, "");
  EXPECT_NE(result.outcome, Outcome::running);
  if (result.outcome == Outcome::complete) EXPECT_TRUE(result.client_has_all);
  // A disturbance costs about one window that is sent again, three where several meet; the constant covers the end.
  const auto window = scenario.client.options.windowsize.value_or(1);
  const auto attempts = scenario.client.restart ? 2U : 1U;
  EXPECT_LE(result.packets_down, attempts * (result.least_packets + 10 * (window + 1U)) +
                                     3 * result.disturbances * (window + 1U));
}

TEST(TransferSim, ClientsGetTheirFilesOverABadNetwork) {
  const auto seeds = simulation::seeds(usual_seeds);
  std::uint64_t failures = 0;
  for (const auto seed : seeds) {
    SCOPED_TRACE(simulation::replay(seed));
    const auto scenario = random_scenario(seed, 0.2, 0.1);
    const auto result = run(scenario, seed);
    expect_sane(scenario, result);
    if (!result.client_has_all) ++failures;
    if (testing::Test::HasFailure()) return;
  }
  // A fifth lost each way can swallow every packet while the server waits, but hardly does.
  EXPECT_LE(failures, 1 + seeds.size() / 500);
}

TEST(TransferSim, DisorderAloneStopsNobody) {
  const auto seeds = simulation::seeds(usual_seeds);
  for (const auto seed : seeds) {
    SCOPED_TRACE(simulation::replay(seed));
    const auto scenario = random_scenario(seed, 0, 0.1);
    const auto result = run(scenario, seed);
    expect_sane(scenario, result);
    EXPECT_TRUE(result.client_has_all);
    if (testing::Test::HasFailure()) return;
  }
}

TEST(TransferSim, OneDisturbanceCostsAboutOneWindow) {
  constexpr double rare = 0.0005;
  constexpr Link disturbances[] = {{.duplication = rare}, {.reordering = rare}, {.loss = rare}};
  for (const auto window : windows) {
    for (const auto& disturbance : disturbances) {
      for (const bool up : {false, true}) {
        SCOPED_TRACE(testing::Message() << "window " << window << (up ? ", up" : ", down"));
        Scenario scenario;
        scenario.client.options = with(64, window);
        scenario.size = 64 * 20'000;
        (up ? scenario.up : scenario.down) = disturbance;
        scenario.down.delay = 20ms;
        const auto result = run(scenario, window);
        EXPECT_EQ(result.violation, "");
        EXPECT_TRUE(result.client_has_all);
        EXPECT_LE(result.packets_down - result.least_packets,
                  result.disturbances * (window + 1U) * 3 / 2);
      }
    }
  }
}

TEST(TransferSim, BlockNumbersRollOverUnderLoss) {
  for (const std::uint16_t window : windows) {
    SCOPED_TRACE(window);
    Scenario scenario;
    scenario.client.options = with(8, window);
    scenario.size = 8 * 140'000;
    scenario.down.loss = scenario.up.loss = 0.01;
    scenario.down.reordering = 0.001;
    scenario.down.delay = scenario.up.delay = 100us;
    const auto result = run(scenario, window);
    expect_sane(scenario, result);
    EXPECT_EQ(result.outcome, Outcome::complete);
  }
}

TEST(TransferSim, RoundTripBeyondTheFirstPauseCostsLittle) {
  for (const std::uint16_t window : windows) {
    SCOPED_TRACE(window);
    Scenario scenario;
    scenario.client.options = with(512, window);
    scenario.size = 100'000;
    scenario.down.delay = scenario.up.delay = 800ms;
    const auto result = run(scenario);
    expect_sane(scenario, result);
    EXPECT_EQ(result.outcome, Outcome::complete);
    EXPECT_LE(result.packets_down, result.least_packets + 2 + window);
  }
}

TEST(TransferSim, ClientThatVanishesIsLeftSoon) {
  for (const std::uint16_t window : windows) {
    for (std::uint64_t step = 0; step < 45; ++step) {
      SCOPED_TRACE(testing::Message() << "window " << window << ", step " << step);
      Scenario scenario;
      scenario.client.options = with(512, window);
      scenario.client.vanishes_after = step;
      scenario.size = 512 * 40;
      const auto result = run(scenario);
      EXPECT_EQ(result.violation, "");
      EXPECT_LE(result.took, 45s);
      EXPECT_LE(result.packets_down, 1 + step + 7U * window);
      if (step == 0) EXPECT_EQ(result.packets_down, 4U);
      if (result.outcome == Outcome::complete) EXPECT_TRUE(result.client_has_all);
    }
  }
}

}  // namespace
}  // namespace pixie::tftp::sim
