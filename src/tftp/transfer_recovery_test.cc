// What a transfer sends again, when, and what it never does.
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tftp/transfer_session.h"

namespace pixie::tftp {
namespace {

using namespace std::chrono_literals;
using std::literals::operator""sv;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(Transfer, LockStepNeverSendsAgainForADuplicateAck) {
  Session session({}, 5000);
  session.flush();
  EXPECT_THAT(session.ack(0), IsEmpty());
  EXPECT_THAT(session.ack(1), ElementsAre(2));
  EXPECT_THAT(session.ack(1), IsEmpty());
  EXPECT_THAT(session.ack(1, 150ms), IsEmpty());
  EXPECT_THAT(session.ack(2), ElementsAre(3));
}

TEST(Transfer, AcksOutsideTheWindowAreIgnored) {
  Session session(window_of(4), 50'000);
  session.flush();
  session.ack(0);
  for (const auto block : {5U, 9U, 30'000U, 65'535U}) EXPECT_THAT(session.ack(block), IsEmpty());
  EXPECT_THAT(session.ack(4), ElementsAre(5, 6, 7, 8));
  for (const auto block : {0U, 3U, 9U}) EXPECT_THAT(session.ack(block), IsEmpty());
  EXPECT_EQ(session.transfer.statistics().bytes_acknowledged, 4 * 512U);
}

TEST(Transfer, AckInsideTheWindowSendsAgainFromThereAtOnce) {
  Session session(window_of(8), 50'000);
  session.flush();
  session.ack(0);
  EXPECT_THAT(session.ack(3), ElementsAre(4, 5, 6, 7, 8, 9, 10, 11));
  EXPECT_EQ(session.transfer.statistics().blocks_resent, 5U);
  EXPECT_THAT(session.ack(11), ElementsAre(12, 13, 14, 15, 16, 17, 18, 19));
}

TEST(Transfer, AckOfTheWindowsBaseSendsItAgainOnce) {
  Session session(window_of(4), 50'000);
  session.flush();
  session.ack(0);
  session.ack(4);
  EXPECT_THAT(session.ack(4), ElementsAre(5, 6, 7, 8));
  for (int i = 0; i < 20; ++i) EXPECT_THAT(session.ack(4, 0ms), IsEmpty());
  EXPECT_THAT(session.ack(8), ElementsAre(9, 10, 11, 12));
  EXPECT_EQ(session.transfer.statistics().blocks_resent, 4U);
}

TEST(Transfer, SecondLossOfABlockIsRepairedLongBeforeThePause) {
  Session session(window_of(4), 50'000);
  session.flush();
  session.ack(0);
  session.ack(4);
  EXPECT_THAT(session.ack(4), ElementsAre(5, 6, 7, 8));
  EXPECT_THAT(session.ack(4), IsEmpty());
  const auto suspected = session.now;
  EXPECT_THAT(session.wait(), ElementsAre(5, 6, 7, 8));
  EXPECT_LE(session.now - suspected, 20ms);
}

// EDK2 acknowledges every block that it has already. After a needless repetition those ACKs must
// not make the next one.
TEST(Transfer, EchoesOfARepetitionEndIt) {
  Session session(window_of(4), 50'000);
  session.flush();
  session.ack(0);
  EXPECT_THAT(session.wait(), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(session.ack(4), ElementsAre(5, 6, 7, 8));
  for (int i = 0; i < 4; ++i) EXPECT_THAT(session.ack(4, 0ms), IsEmpty());
  EXPECT_THAT(session.ack(8), ElementsAre(9, 10, 11, 12));
  EXPECT_EQ(session.transfer.statistics().blocks_resent, 4U);
}

TEST(Transfer, LateAckBeyondWhatIsSentAgainCounts) {
  Session session(window_of(8), 50'000);
  session.flush();
  session.ack(0);
  session.now = session.transfer.deadline();
  session.transfer.expire(session.now);
  EXPECT_THAT(session.flush(2), ElementsAre(1, 2));
  EXPECT_THAT(session.ack(8), ElementsAre(9, 10, 11, 12, 13, 14, 15, 16));
}

TEST(Transfer, PausesDouble) {
  Session session({}, 5000);
  session.flush();
  std::vector<Clock::duration> pauses;
  session.ack(1, 700ms);
  while (!session.transfer.over()) {
    const auto before = session.now;
    if (!session.wait().empty()) pauses.push_back(session.now - before);
  }
  EXPECT_THAT(pauses, ElementsAre(2100ms, 4s, 4s, 4s, 4s, 4s));
  EXPECT_EQ(session.transfer.outcome(), Outcome::timed_out);
  EXPECT_EQ(session.age(), 700ms + 2100ms + 5 * 4s + 11s);
}

TEST(Transfer, PauseFollowsTheRoundTripWithinBounds) {
  Session session(window_of(1), 500'000);
  session.flush();
  EXPECT_EQ(session.transfer.deadline() - session.now, 1s);
  session.ack(0, 100us);
  EXPECT_EQ(session.transfer.deadline() - session.now, 200ms);
  for (std::uint64_t block = 1; block < 100; ++block) session.ack(block, 100ms);
  EXPECT_LT(session.transfer.deadline() - session.now, 201ms);
  for (std::uint64_t block = 100; block < 200; ++block) session.ack(block, 900ms);
  EXPECT_GT(session.transfer.deadline() - session.now, 900ms);
  EXPECT_LT(session.transfer.deadline() - session.now, 1s);
}

TEST(Transfer, RoundTripLongerThanThePauseIsLearnt) {
  Session session(window_of(1), 500'000);
  session.flush();
  std::uint64_t repetitions = 0;
  for (std::uint64_t block = 0; block < 50; ++block) {
    const auto answer_at = session.now + 1500ms;
    while (session.transfer.deadline() < answer_at) repetitions += session.wait().size();
    session.ack(block, answer_at - session.now);
  }
  EXPECT_EQ(repetitions, 1U);
}

TEST(Transfer, TimeoutOptionIsThePause) {
  Session session({.tsize = {}, .blksize = {}, .windowsize = {}, .timeout = 3}, 5000);
  session.flush();
  session.ack(0);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(session.transfer.deadline() - session.now, 3s);
    EXPECT_THAT(session.wait(), ElementsAre(1));
  }
}

TEST(Transfer, TheLongestTimeoutOptionGetsOneRetry) {
  Session session({.tsize = {}, .blksize = {}, .windowsize = {}, .timeout = 30}, 5000);
  session.flush();
  session.ack(0);
  EXPECT_THAT(session.wait(), ElementsAre(1));
  EXPECT_THAT(session.wait(), IsEmpty());
  EXPECT_EQ(session.transfer.outcome(), Outcome::timed_out);
  EXPECT_LE(session.age(), 61s);
}

TEST(Transfer, ExpireBeforeTheDeadlineIsHarmless) {
  Session session(window_of(1), 5000);
  session.flush();
  session.transfer.expire(session.now + 999ms);
  EXPECT_THAT(session.flush(), IsEmpty());
  EXPECT_EQ(session.transfer.deadline() - session.now, 1s);
}

TEST(Transfer, WhoNeverAnsweredGetsNoBlockAgain) {
  Session session({}, 1'000'000);
  EXPECT_THAT(session.flush(), ElementsAre(1));
  EXPECT_EQ(session.wait_for_the_end(), 0U);
  EXPECT_EQ(session.transfer.outcome(), Outcome::timed_out);
  EXPECT_LE(session.age(), 12s);
}

TEST(Transfer, WhoNeverAnsweredGetsTheOptionsAgainButNoBlock) {
  Session session(window_of(64), 1'000'000);
  session.flush();
  EXPECT_EQ(session.wait_for_the_end(), 3U);
  EXPECT_EQ(session.transfer.statistics().blocks_sent, 0U);
}

// An OACK of this window is 16 bytes, a packet of this file 40.
TEST(Transfer, WhatIsSentAgainUnheardIsAMultipleOfTheRequest) {
  const auto repetitions = [](const Options& options, std::uint64_t size, std::uint8_t factor,
                              std::size_t request_size) {
    Session session(options, size, {.max_amplification = factor}, request_size);
    session.flush();
    return session.wait_for_the_end();
  };
  EXPECT_EQ(repetitions(window_of(64), 1000, 4, 11), 2U);
  EXPECT_EQ(repetitions(window_of(64), 1000, 4, 12), 3U);
  EXPECT_EQ(repetitions(window_of(64), 1000, 0, 1000), 0U);
  EXPECT_EQ(repetitions({}, 36, 2, 19), 0U);
  EXPECT_EQ(repetitions({}, 36, 2, 20), 1U);
  EXPECT_EQ(repetitions({}, 36, 255, 500), 3U);
}

TEST(Transfer, RepeatedRequestIsAnsweredOnceEachUntilTheClientSpoke) {
  constexpr auto request = "\0\1f\0octet\0"sv;
  Session plain({}, 5000);
  plain.flush();
  EXPECT_THAT(plain.hear(request), ElementsAre(1));
  EXPECT_THAT(plain.ack(1), ElementsAre(2));
  EXPECT_THAT(plain.ack(1), IsEmpty());
  EXPECT_THAT(plain.hear(request), IsEmpty());

  Session windowed(window_of(4), 5000);
  windowed.flush();
  EXPECT_THAT(windowed.hear(request), ElementsAre(0));
  EXPECT_THAT(windowed.ack(0), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(windowed.ack(0), IsEmpty());
}

TEST(Transfer, SignOfLifeRenewsTheRetries) {
  Session session({}, 1000);
  session.flush();
  session.ack(1);
  for (int i = 0; i < 4; ++i) EXPECT_THAT(session.wait(), ElementsAre(2));
  EXPECT_THAT(session.ack(1, 1ms), IsEmpty());
  EXPECT_THAT(session.wait(), ElementsAre(2));
  session.ack(2);
  EXPECT_EQ(session.transfer.outcome(), Outcome::complete);
}

TEST(Transfer, ClientThatAnswersWithoutGettingOnIsGivenUp) {
  for (const std::uint16_t window : {std::uint16_t{1}, std::uint16_t{16}}) {
    Session session(window_of(window), 1'000'000);
    session.flush();
    session.ack(0);
    std::size_t packets = 0;
    while (!session.transfer.over() && session.age() < 1h) {
      packets += session.ack(0, 10ms).size();
      session.transfer.expire(session.now);
      packets += session.flush().size();
    }
    EXPECT_EQ(session.transfer.outcome(), Outcome::timed_out);
    EXPECT_LE(session.age(), 130s);
    EXPECT_LE(packets, 60U * window);
  }
}

}  // namespace
}  // namespace pixie::tftp
