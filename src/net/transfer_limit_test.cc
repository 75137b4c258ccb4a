#include "net/transfer_limit.h"

#include <gtest/gtest.h>

namespace pixie::net {
namespace {

using namespace std::chrono_literals;

wire::IpAddress machine(std::uint8_t number) { return wire::IpAddress::v4(10, 0, 0, number); }

class TransferLimitTest : public testing::Test {
 protected:
  bool takes(std::uint8_t number) { return !limit.take(machine(number), now); }
  void gives_back(std::uint8_t number) { limit.give_back(machine(number), now); }

  TransferLimit limit{2};
  TransferLimit::TimePoint now{1h};
};

TEST_F(TransferLimitTest, GivesSoManyPlaces) {
  EXPECT_TRUE(takes(1));
  EXPECT_TRUE(takes(1));
  const auto pause = limit.take(machine(1), now);
  ASSERT_TRUE(pause);
  EXPECT_GE(*pause, 1s);
  EXPECT_LE(*pause, 5s);
  gives_back(1);
  EXPECT_TRUE(takes(1));
}

TEST_F(TransferLimitTest, WhoWaitsGoesBeforeWhoComesNew) {
  EXPECT_TRUE(takes(1) && takes(2));
  EXPECT_FALSE(takes(3));
  EXPECT_FALSE(takes(4));
  EXPECT_FALSE(takes(5));
  gives_back(1);
  EXPECT_FALSE(takes(6));
  EXPECT_FALSE(takes(5));
  EXPECT_FALSE(takes(4));
  EXPECT_TRUE(takes(3));
  gives_back(2);
  EXPECT_FALSE(takes(5));
  EXPECT_TRUE(takes(4));
}

TEST_F(TransferLimitTest, WhoNeverComesAgainKeepsNoPlaceFree) {
  EXPECT_TRUE(takes(1) && takes(2));
  EXPECT_FALSE(takes(3));
  gives_back(1);
  EXPECT_FALSE(takes(4));
  now += 2s;
  EXPECT_FALSE(takes(4));
  now += 2s;
  EXPECT_TRUE(takes(4));
}

TEST_F(TransferLimitTest, WhoComesAgainInTimeKeepsItsTurn) {
  EXPECT_TRUE(takes(1) && takes(2));
  for (int i = 0; i < 20; ++i) {
    EXPECT_FALSE(takes(3));
    if (i == 0) EXPECT_FALSE(takes(4));
    EXPECT_FALSE(takes(4));
    now += 1s;
  }
  gives_back(1);
  EXPECT_FALSE(takes(4));
  EXPECT_TRUE(takes(3));
}

TEST_F(TransferLimitTest, AMachineInTheMiddleOfItsBootGoesFirst) {
  EXPECT_TRUE(takes(1) && takes(2));
  EXPECT_FALSE(takes(3));
  gives_back(1);
  now += 1s;
  EXPECT_TRUE(takes(1));
  gives_back(1);
  now += TransferLimit::boot_pause + 1s;
  EXPECT_TRUE(takes(4)) << "the one that waited has gone";
  EXPECT_FALSE(takes(1));
}

TEST_F(TransferLimitTest, WhoHasAPlaceGetsNoSecondWhileOthersWait) {
  EXPECT_TRUE(takes(1) && takes(1));
  EXPECT_FALSE(takes(1) || takes(2));
  gives_back(1);
  EXPECT_FALSE(takes(1));
  EXPECT_TRUE(takes(2));
}

TEST_F(TransferLimitTest, NoPlaceIsKeptForWhoHasOne) {
  TransferLimit four(4);
  const auto takes = [&](std::uint8_t number) { return !four.take(machine(number), now); };
  for (std::uint8_t number = 1; number <= 4; ++number) EXPECT_TRUE(takes(number));
  EXPECT_FALSE(takes(1) || takes(2));
  four.give_back(machine(3), now);
  four.give_back(machine(4), now);
  EXPECT_TRUE(takes(1) && takes(2));
}

TEST_F(TransferLimitTest, APlaceIsGivenBackOnce) {
  EXPECT_TRUE(takes(1) && takes(2));
  {
    TransferLimit::Place place(limit, machine(1));
    TransferLimit::Place moved(std::move(place));
    EXPECT_FALSE(takes(1));
  }
  EXPECT_TRUE(takes(1));
}

}  // namespace
}  // namespace pixie::net
