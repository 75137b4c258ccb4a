// The course of a transfer: terms, order of packets, ends.
#include "tftp/transfer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tftp/transfer_session.h"

namespace pixie::tftp {
namespace {

using namespace std::chrono_literals;
using std::literals::operator""sv;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(Negotiate, NeverMoreThanAskedOrAllowed) {
  const Limits limits{.max_blksize = 1400, .max_windowsize = 16};
  Request request;
  auto terms = negotiate(request, limits, 99);
  EXPECT_TRUE(terms.accepted.empty());
  EXPECT_EQ(terms.blksize, 512);
  EXPECT_EQ(terms.windowsize, 1);

  request.options = {.tsize = 0, .blksize = 1432, .windowsize = 4, .timeout = 7};
  terms = negotiate(request, limits, 99);
  EXPECT_EQ(terms.accepted, (Options{.tsize = 99, .blksize = 1400, .windowsize = 4, .timeout = 7}));
  EXPECT_EQ(terms.blksize, 1400);
  EXPECT_EQ(terms.windowsize, 4);

  request.options = {.tsize = 0, .blksize = 1024, .windowsize = 64, .timeout = {}};
  terms = negotiate(request, limits, std::nullopt);
  EXPECT_EQ(terms.accepted,
            (Options{.tsize = {}, .blksize = 1024, .windowsize = 16, .timeout = {}}));

  request.options = {.tsize = {}, .blksize = {}, .windowsize = {}, .timeout = 30};
  EXPECT_EQ(negotiate(request, limits, 99).accepted, request.options);
  request.options.timeout = 31;
  EXPECT_TRUE(negotiate(request, limits, 99).accepted.empty());

  request.options = window_of(65535);
  EXPECT_EQ(negotiate(request, Limits{.max_windowsize = 65535}, 99).windowsize, 32767);
}

TEST(Transfer, LockStepWithoutOptions) {
  Session session({}, 1000);
  EXPECT_THAT(session.flush(), ElementsAre(1));
  EXPECT_THAT(session.ack(1), ElementsAre(2));
  EXPECT_FALSE(session.transfer.over());
  EXPECT_THAT(session.ack(2), IsEmpty());
  EXPECT_TRUE(session.transfer.over());
  EXPECT_EQ(session.transfer.outcome(), Outcome::complete);
  EXPECT_EQ(session.transfer.statistics().blocks_sent, 2U);
  EXPECT_EQ(session.transfer.statistics().blocks_resent, 0U);
  EXPECT_EQ(session.transfer.statistics().bytes_acknowledged, 1000U);
}

TEST(Transfer, WholeBlocksEndWithAnEmptyOne) {
  Session session({}, 1024);
  session.flush();
  EXPECT_THAT(session.ack(1), ElementsAre(2));
  EXPECT_THAT(session.ack(2), ElementsAre(3));
  EXPECT_EQ(session.transfer.statistics().bytes_acknowledged, 1024U);
  session.ack(3);
  EXPECT_EQ(session.transfer.outcome(), Outcome::complete);
  EXPECT_EQ(session.transfer.statistics().bytes_acknowledged, 1024U);
}

TEST(Transfer, EmptyFileIsOneEmptyBlock) {
  Session session({}, 0);
  EXPECT_THAT(session.flush(), ElementsAre(1));
  session.ack(1);
  EXPECT_EQ(session.transfer.outcome(), Outcome::complete);
}

TEST(Transfer, OptionsAreAcknowledgedFirst) {
  Session session(window_of(4), 5000);
  EXPECT_THAT(session.flush(), ElementsAre(0));
  EXPECT_THAT(session.ack(1), IsEmpty());
  EXPECT_THAT(session.ack(0), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(session.ack(4), ElementsAre(5, 6, 7, 8));
  EXPECT_THAT(session.ack(8), ElementsAre(9, 10));
  session.ack(10);
  EXPECT_EQ(session.transfer.outcome(), Outcome::complete);
}

TEST(Transfer, AnAnswerMayComeWhenTheOptionsAreAboutToBeSentAgain) {
  Session session(window_of(4), 5000);
  session.transfer.receive(wire::as_bytes("\0\4\0\0"sv), session.now);
  EXPECT_FALSE(session.transfer.heard());
  EXPECT_THAT(session.flush(), ElementsAre(0));
  session.now = session.transfer.deadline();
  session.transfer.expire(session.now);
  EXPECT_EQ(session.transfer.pending()->kind, Transfer::Pending::oack);
  EXPECT_THAT(session.ack(0), ElementsAre(1, 2, 3, 4));
}

TEST(Transfer, FullSocketBufferLosesNothing) {
  Session session(window_of(8), 50'000);
  EXPECT_THAT(session.flush(0), IsEmpty());
  EXPECT_THAT(session.flush(), ElementsAre(0));
  session.transfer.receive(wire::as_bytes("\0\4\0\0"sv), session.now);
  EXPECT_THAT(session.flush(3), ElementsAre(1, 2, 3));
  session.transfer.sent(0, session.now);
  EXPECT_EQ(session.transfer.pending()->first_block, 4U);
  EXPECT_THAT(session.ack(3), ElementsAre(4, 5, 6, 7, 8, 9, 10, 11));
  EXPECT_EQ(session.transfer.statistics().blocks_resent, 0U);
}

TEST(Transfer, UnsentPacketsAreNoReasonToSendAgainButEndOnce) {
  Session session(window_of(1), 5000);
  session.now = session.transfer.deadline();
  session.transfer.expire(session.now);
  EXPECT_FALSE(session.transfer.over());
  EXPECT_EQ(session.transfer.pending()->kind, Transfer::Pending::oack);
  while (!session.transfer.over()) {
    session.now = session.transfer.deadline();
    session.transfer.expire(session.now);
  }
  EXPECT_EQ(session.transfer.outcome(), Outcome::timed_out);
  EXPECT_LE(session.age(), 61s);
}

TEST(Transfer, BlockNumbersRollOver) {
  const Options options{.tsize = {}, .blksize = 8, .windowsize = 1000, .timeout = {}};
  Session session(options, 8 * 200'000 - 1);
  session.flush();
  std::uint64_t last = 0;
  for (auto sent = session.ack(0); !sent.empty(); sent = session.ack(last)) {
    ASSERT_EQ(sent.front(), last + 1);
    last = static_cast<std::uint64_t>(sent.back());
  }
  EXPECT_EQ(last, 200'000U);
  EXPECT_EQ(session.transfer.outcome(), Outcome::complete);
  EXPECT_EQ(session.transfer.statistics().blocks_sent, 200'000U);
}

TEST(Transfer, LostFinalAckIsNoFailure) {
  Session session({}, 1000);
  session.flush();
  session.ack(1);
  EXPECT_EQ(session.wait_for_the_end(), 4U);
  EXPECT_EQ(session.transfer.outcome(), Outcome::final_ack_lost);
  EXPECT_LE(session.age(), 20s);
}

TEST(Transfer, SizeProbe) {
  constexpr auto error = "\0\5\0\10User aborted the transfer\0"sv;
  const Options edk2{.tsize = 0, .blksize = 1468, .windowsize = 4, .timeout = {}};
  Session probe(edk2, 50'000);
  probe.flush();
  EXPECT_THAT(probe.hear(error), IsEmpty());
  EXPECT_TRUE(probe.transfer.over());
  EXPECT_EQ(probe.transfer.outcome(), Outcome::size_probe);

  Session late_probe(edk2, 50'000);
  late_probe.flush();
  late_probe.ack(0);
  late_probe.hear("\0\5\0\0TFTP Aborted\0"sv);
  EXPECT_EQ(late_probe.transfer.outcome(), Outcome::size_probe);

  Session midway(edk2, 50'000);
  midway.flush();
  midway.ack(0);
  midway.ack(4);
  midway.hear(error);
  EXPECT_EQ(midway.transfer.outcome(), Outcome::aborted_by_client);
}

TEST(Transfer, ClientsErrorEndsWithItsTextMadePrintable) {
  Session session({}, 5000);
  session.flush();
  EXPECT_THAT(session.hear("\0\5\0\3disk\nfull\x1b[2J\0"sv), IsEmpty());
  EXPECT_TRUE(session.transfer.over());
  EXPECT_EQ(session.transfer.outcome(), Outcome::aborted_by_client);
  EXPECT_EQ(session.transfer.error_code(), 3);
  EXPECT_EQ(session.transfer.error_text(), "disk?full?[2J");
  EXPECT_THAT(session.ack(1), IsEmpty());
}

TEST(Transfer, AbortSendsOneError) {
  Session session(window_of(4), 5000);
  session.flush();
  session.ack(0);
  session.transfer.abort(0, "the file was truncated", session.now);
  EXPECT_EQ(session.transfer.outcome(), Outcome::aborted);
  EXPECT_FALSE(session.transfer.over());
  session.transfer.receive(wire::as_bytes("\0\4\0\4"sv), session.now);
  EXPECT_THAT(session.flush(), ElementsAre(-1));
  EXPECT_TRUE(session.transfer.over());
  EXPECT_EQ(session.transfer.error_text(), "the file was truncated");

  Session stuck({}, 5000);
  stuck.transfer.abort(0, "gone", stuck.now);
  stuck.now = stuck.transfer.deadline();
  stuck.transfer.expire(stuck.now);
  EXPECT_TRUE(stuck.transfer.over());
  EXPECT_EQ(stuck.transfer.outcome(), Outcome::aborted);
}

TEST(Transfer, StrayPacketsAreIgnored) {
  Session session({}, 5000);
  session.flush();
  for (const auto bytes :
       {""sv, "\0"sv, "\0\4"sv, "\0\3\0\1data"sv, "\0\6blksize\0009\0"sv, "\0\x9\0\1"sv}) {
    EXPECT_THAT(session.hear(bytes), IsEmpty());
  }
  EXPECT_THAT(session.ack(1), ElementsAre(2));
}

}  // namespace
}  // namespace pixie::tftp
