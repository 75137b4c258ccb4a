#include "wire/suggest.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace pixie::wire {
namespace {

TEST(Suggest, NamesTheNearestOrNothing) {
  const std::vector<std::string_view> names{"mac", "mirror", "minor"};
  EXPECT_EQ(suggestion("mirorr", names), "; did you mean 'mirror'?");
  EXPECT_EQ(suggestion("zzzzzzzz", names), "");
  EXPECT_EQ(suggestion(std::string(1000, 'm'), names), "");
  EXPECT_EQ(suggestion("mac", {}), "");
}

}  // namespace
}  // namespace pixie::wire
