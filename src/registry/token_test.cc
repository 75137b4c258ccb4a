#include "registry/token.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace pixie::registry {
namespace {

using namespace std::chrono_literals;

const auto machine = wire::Mac::parse("52:54:00:12:34:56").value();
const events::Time now{1'700'000'000'500ms};
const std::string secret(32, 's');

TEST(Token, TellsItsMomentToTheSecond) {
  const auto token = make_token(secret, machine, now);
  EXPECT_EQ(token.substr(0, 9), "6553f100-");
  EXPECT_EQ(token.size(), 9U + 32U);
  EXPECT_EQ(token_time(secret, machine, token), events::Time(1'700'000'000s));
}

TEST(Token, IsOfOneMachineAndOneStore) {
  const auto token = make_token(secret, machine, now);
  EXPECT_FALSE(token_time(secret, wire::Mac::parse("52:54:00:12:34:57").value(), token));
  EXPECT_FALSE(token_time(make_secret(), machine, token));
}

TEST(Token, HasOneSpelling) {
  const auto token = make_token(secret, machine, now);
  const auto hyphen = token.find('-');
  for (const auto& other :
       {"0" + token, token + " ", token + "0", " " + token, token.substr(1), std::string(),
        std::string("-"), token.substr(0, hyphen), token.substr(0, hyphen + 1), "+" + token,
        "ffffffffff" + token.substr(hyphen), token.substr(hyphen)}) {
    EXPECT_FALSE(token_time(secret, machine, other)) << other;
  }
}

RC_GTEST_PROP(Token, AnyOtherTextIsRefused, ()) {
  auto token = make_token(secret, machine, now);
  const auto at = *rc::gen::inRange<std::size_t>(0, token.size());
  const auto other = *rc::gen::arbitrary<char>();
  RC_PRE(token[at] != other);
  // Digits of the moment may be written in capitals; what is signed is their number.
  RC_PRE(at > 8 || std::tolower(static_cast<unsigned char>(other)) != token[at]);
  token[at] = other;
  RC_ASSERT(!token_time(secret, machine, token));
}

}  // namespace
}  // namespace pixie::registry
