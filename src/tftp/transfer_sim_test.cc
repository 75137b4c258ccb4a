// Transfers over a network that loses, duplicates, reorders and delays, with many seeds:
// PIXIE_SEEDS raises their number. A failure names its seed.
#include "tftp/transfer_sim.h"

#include <cstdlib>

#include <gtest/gtest.h>

namespace pixie::tftp::sim {
namespace {

using namespace std::chrono_literals;

std::uint64_t seeds() {
  const char* wanted = std::getenv("PIXIE_SEEDS");
  return wanted ? std::strtoull(wanted, nullptr, 10) : 3000;
}

Options with(std::uint16_t blksize, std::uint16_t windowsize) {
  return {.tsize = 0, .blksize = blksize, .windowsize = windowsize, .timeout = {}};
}

/// The packets of an undisturbed transfer: the OACK and every block once.
std::uint64_t least_packets(const Scenario& scenario) {
  const auto& options = scenario.client.options;
  return scenario.size / options.blksize.value_or(default_blksize) + 1 + (options.empty() ? 0 : 1);
}

Result run(const Scenario& scenario, std::uint64_t seed = 1) {
  return Simulation(scenario, seed).run();
}

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed ^ 0x5eed) {}
  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }
  double fraction(double most) { return most * static_cast<double>(below(1001)) / 1000; }
  template <class T, std::size_t n>
  T one_of(const T (&values)[n]) {
    return values[below(n)];
  }

 private:
  std::mt19937_64 random_;
};

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

Scenario random_scenario(std::uint64_t seed, double most_loss, double most_disorder) {
  constexpr std::uint16_t blksizes[] = {8, 64, 512, 1432};
  constexpr Duration timeouts[] = {1s, 4s};
  Dice dice(seed);
  Scenario scenario;
  const auto blksize = dice.one_of(blksizes);
  if (dice.below(8) > 0) scenario.client.options = with(blksize, dice.one_of(windows));
  if (dice.below(8) == 0) scenario.client.options.timeout = 2;
  // RFC 7440 section 4 demands an answer to a gap, so with windows no client is silent.
  const bool windows_agreed = scenario.client.options.windowsize.value_or(1) > 1;
  scenario.client.habit = habits[dice.below(windows_agreed ? 2 : 3)];
  scenario.client.sends_final_ack = dice.below(8) > 0;
  scenario.client.timeout = dice.one_of(timeouts);
  scenario.size = blksize * dice.below(150) + dice.below(3) * (blksize / 2);
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
        scenario.client = {.options = with(512, window), .habit = habit, .vanishes_after = {}};
        scenario.size = size;
        const auto result = run(scenario);
        EXPECT_EQ(result.violation, "");
        EXPECT_TRUE(result.client_has_all);
        EXPECT_EQ(result.outcome, Outcome::complete);
        EXPECT_EQ(result.packets_down, least_packets(scenario));
      }
    }
  }
}

/// What must hold for any transfer, whatever the network did.
void expect_sane(const Scenario& scenario, const Result& result) {
  EXPECT_EQ(result.violation, "");
  EXPECT_NE(result.outcome, Outcome::running);
  if (result.outcome == Outcome::complete) EXPECT_TRUE(result.client_has_all);
  // A disturbance costs about one window that is sent again; the constant covers the end.
  const auto window = scenario.client.options.windowsize.value_or(1);
  EXPECT_LE(result.packets_down,
            least_packets(scenario) + 2 * (result.disturbances + 5) * (window + 1U));
}

TEST(TransferSim, ClientsGetTheirFilesOverABadNetwork) {
  std::uint64_t failures = 0;
  for (std::uint64_t seed = 1; seed <= seeds(); ++seed) {
    SCOPED_TRACE(seed);
    const auto scenario = random_scenario(seed, 0.2, 0.1);
    const auto result = run(scenario, seed);
    expect_sane(scenario, result);
    if (!result.client_has_all) ++failures;
  }
  // A fifth lost each way can swallow every packet while the server waits, but hardly does.
  EXPECT_LE(failures, 1 + seeds() / 1000);
}

TEST(TransferSim, DisorderAloneStopsNobody) {
  for (std::uint64_t seed = 1; seed <= seeds(); ++seed) {
    SCOPED_TRACE(seed);
    const auto scenario = random_scenario(seed, 0, 0.1);
    const auto result = run(scenario, seed);
    expect_sane(scenario, result);
    EXPECT_TRUE(result.client_has_all);
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
    EXPECT_LE(result.packets_down, least_packets(scenario) + 2 + window);
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
