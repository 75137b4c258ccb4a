#include "storm/tftp_reading.h"

#include <gtest/gtest.h>

namespace pixie::storm {
namespace {

using Turn = TftpReading::Turn;

const wire::Endpoint server{wire::IpAddress::v4(10, 0, 0, 1), 69};
const wire::Endpoint transfer{wire::IpAddress::v4(10, 0, 0, 1), 40'000};

class TftpReadingTest : public testing::Test {
 protected:
  Turn take(std::string_view packet, const wire::Endpoint& from = transfer) {
    return reading.take(wire::as_bytes(packet), from);
  }

  doctor::Fetch result;
  TftpReading reading{server, "f", TftpHabit{}, false, 1000, result};
};

TEST_F(TftpReadingTest, ReadsAFileThatEndsWithAShortBlock) {
  EXPECT_EQ(take({"\0\3\0\1abc", 7}), Turn::ends);
  EXPECT_EQ(result.outcome, doctor::Fetch::Outcome::done);
  EXPECT_EQ(result.content, "abc");
}

TEST_F(TftpReadingTest, WhatIsLateFromAFormerTransferOfThePortIsNotForIt) {
  const wire::Endpoint former{wire::IpAddress::v4(10, 0, 0, 1), 40'001};
  EXPECT_EQ(take({"\0\5\0\5gone\0", 9}, former), Turn::waits);
  EXPECT_EQ(take({"\0\3\0\7xyz", 7}, former), Turn::waits);
  EXPECT_EQ(take({"\0\3\0\1abc", 7}), Turn::ends);
  EXPECT_EQ(result.content, "abc");
}

TEST_F(TftpReadingTest, AnErrorEndsIt) {
  EXPECT_EQ(take({"\0\5\0\1none\0", 9}), Turn::ended);
  EXPECT_EQ(result.outcome, doctor::Fetch::Outcome::refused);
}

}  // namespace
}  // namespace pixie::storm
