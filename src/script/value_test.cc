#include "script/value.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pixie::script {
namespace {

using testing::ElementsAre;

TEST(Scope, TakesTheFirstTableThatHasAName) {
  const Table near{{"a", {"near"}}, {"disk", {Table{{"device", {"/dev/vda"}}}}}};
  const Table far{{"a", {"far"}}, {"b", {"far"}}, {"disk", {Table{{"size", {std::int64_t{10}}}}}}};
  const Scope scope{&near, &far};
  EXPECT_EQ(*scope.find("a"), Value{"near"});
  EXPECT_EQ(*scope.find("b"), Value{"far"});
  EXPECT_EQ(*scope.find("disk.device"), Value{"/dev/vda"});
  EXPECT_EQ(scope.find("disk.size"), nullptr) << "the nearer disk hides the other";
  EXPECT_THAT(scope.names(), ElementsAre("a", "b", "disk"));
}

TEST(Scope, FindsNothingInsideOfATextOrBehindAPart) {
  const Table table{{"a", {"text"}}, {"t", {Table{{"x", {"1"}}}}}};
  const Scope scope{&table};
  for (const auto* name : {"a.b", "t.x.y", "t.", "t.y", "", ".", "b", "t..x"})
    EXPECT_EQ(scope.find(name), name == std::string_view("t.") ? scope.find("t") : nullptr) << name;
}

TEST(Scope, KnowsThatAPartOfWhatIsClaimedIsClaimed) {
  const Table table{{"said", {Table{{"x", {"1"}}}, true}}, {"own", {Table{{"x", {"1"}}}}}};
  const Scope scope{&table};
  EXPECT_TRUE(scope.look_up("said.x").claimed);
  EXPECT_FALSE(scope.look_up("own.x").claimed);
}

}  // namespace
}  // namespace pixie::script
