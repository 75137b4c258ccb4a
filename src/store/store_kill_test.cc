// A process that is killed at any moment loses nothing that it was told is written, and leaves a file that opens.
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <optional>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "store/store.h"
#include "store/testing.h"

namespace pixie::store {
namespace {

constexpr unsigned machines_in_turn = 5;
constexpr unsigned one_of_pair = 100;
constexpr unsigned other_of_pair = 101;

machines::Assignment assigned(unsigned number) {
  machines::Assignment assignment;
  assignment.profile = std::to_string(number);
  return assignment;
}

unsigned number_at(Store& store, unsigned machine) {
  const auto row = store.machine(mac(machine)).value();
  return row ? static_cast<unsigned>(std::stoul(row->assignment.profile)) : 0;
}

/// Assigns growing numbers, a machine after the other and a pair together, and tells each that is committed. Ends by
/// being killed.
[[noreturn]] void write_for_ever(const std::string& folder, unsigned from, int acknowledged) {
  const auto store = Store::open(folder);
  if (!store) _exit(1);
  for (unsigned number = from;; ++number) {
    const auto one = (*store)->assign(mac(number % machines_in_turn), assigned(number), {});
    const auto both = (*store)->batch([&]() -> Expected<void> {
      for (const auto machine : {one_of_pair, other_of_pair}) {
        const auto written = (*store)->assign(mac(machine), assigned(number), {});
        if (!written) return std::unexpected(written.error());
      }
      return {};
    });
    events::Boot boot;
    boot.mac = mac(number % machines_in_turn);
    boot.profile = std::to_string(number);
    if (!one || !both || !(*store)->write(boot)) _exit(1);
    if (write(acknowledged, &number, sizeof number) != sizeof number) _exit(1);
  }
}

/// The last number that the process told before it was killed, after `enough` of them and `pause` microseconds.
std::optional<unsigned> killed_writer(const std::string& folder, unsigned from, unsigned enough,
                                      unsigned pause) {
  std::array<int, 2> ends{};
  if (pipe(ends.data()) != 0) return std::nullopt;
  const auto child = fork();
  if (child == 0) write_for_ever(folder, from, ends[1]);
  close(ends[1]);
  std::optional<unsigned> last;
  unsigned number = 0;
  const auto heard = [&] { return read(ends[0], &number, sizeof number) == sizeof number; };
  for (; enough > 0 && heard(); --enough) last = number;
  usleep(pause);
  kill(child, SIGKILL);
  while (heard()) last = number;
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status)) << "it ended by itself";
  return last;
}

TEST(StoreKilled, LosesNothingThatWasAcknowledged) {
  const TemporaryFolder folder;
  std::mt19937 random(std::random_device{}());
  unsigned next = 1;
  unsigned rounds_with_writes = 0;
  for (int round = 0; round < 100; ++round) {
    // Every fourth is killed while it opens the file, perhaps.
    const auto last =
        killed_writer(folder.path(), next, round % 4 == 0 ? 0 : random() % 10, random() % 3000);
    const auto opened = Store::open(folder.path());
    ASSERT_TRUE(opened) << opened.error().text;
    auto& store = **opened;
    if (last) {
      ++rounds_with_writes;
      for (unsigned number = std::max(next, *last + 1 - std::min(*last, machines_in_turn));
           number <= *last; ++number) {
        EXPECT_GE(number_at(store, number % machines_in_turn), number);
      }
      EXPECT_GE(number_at(store, one_of_pair), *last);
      const auto boots = store.boots(mac(*last % machines_in_turn)).value();
      ASSERT_FALSE(boots.empty());
      EXPECT_GE(std::stoul(boots.front().profile), *last);
    }
    EXPECT_EQ(number_at(store, one_of_pair), number_at(store, other_of_pair));
    next = std::max(last.value_or(0), number_at(store, one_of_pair)) + 1;
  }
  EXPECT_GT(rounds_with_writes, 50U);
}

TEST(StoreKilled, WhileItMakesTheFileLeavesNoHindrance) {
  std::mt19937 random(std::random_device{}());
  for (int round = 0; round < 30; ++round) {
    const TemporaryFolder folder;
    killed_writer(folder.path(), 1, 0, random() % 4000);
    const auto opened = Store::open(folder.path());
    EXPECT_TRUE(opened) << opened.error().text;
  }
}

}  // namespace
}  // namespace pixie::store
