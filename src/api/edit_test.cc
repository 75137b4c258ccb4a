#include "api/edit.h"

#include <gtest/gtest.h>

#include "api/testing.h"

namespace pixie::api {
namespace {

using script::List;
using script::Table;
using script::Value;

std::string refusal(std::string_view body) {
  const auto edit = parse_edit(body);
  return edit ? "" : std::to_string(edit.error().made.status) + " " + detail_in(edit.error());
}

TEST(Edit, TakesWhatIsGiven) {
  const auto none = parse_edit("{}");
  ASSERT_TRUE(none);
  EXPECT_FALSE(none->profile || none->once || none->vars);

  const auto some = parse_edit(R"({"profile": "debian12", "once": null})");
  ASSERT_TRUE(some);
  EXPECT_EQ(some->profile, "debian12");
  EXPECT_EQ(some->once, "");
  EXPECT_EQ(some->vars, std::nullopt);
}

TEST(Edit, TakesVariablesOfEveryType) {
  const auto edit = parse_edit(
      R"({"vars": {"a": "x", "b-1": true, "_c": -5, "d": 2.5, "e": ["x", 1], "f": {"x y": "z"}}})");
  ASSERT_TRUE(edit);
  const Table expected{{"a", Value{std::string("x")}},
                       {"b-1", Value{true}},
                       {"_c", Value{std::int64_t{-5}}},
                       {"d", Value{2.5}},
                       {"e", Value{List{Value{std::string("x")}, Value{std::int64_t{1}}}}},
                       {"f", Value{Table{{"x y", Value{std::string("z")}}}}}};
  EXPECT_EQ(edit->vars, expected);
  EXPECT_EQ(text_of(json_of(*edit->vars)),
            R"({"_c":-5,"a":"x","b-1":true,"d":2.5,"e":["x",1],"f":{"x y":"z"}})");
}

TEST(Edit, ChangesOnlyWhatIsGiven) {
  machines::Assignment assignment{.profile = "a", .once = "b", .vars = {{"x", Value{true}}}};
  Edit{.profile = {}, .once = "", .vars = {}}.apply(assignment);
  EXPECT_EQ(assignment,
            (machines::Assignment{.profile = "a", .once = "", .vars = {{"x", Value{true}}}}));
}

TEST(Edit, NamesTheMemberThatIsWrong) {
  EXPECT_EQ(refusal("[]"), "422 The body: an object expected, not a list.");
  EXPECT_EQ(refusal(R"({"once": 5})"), "422 once: text or null expected, not a number.");
  EXPECT_EQ(refusal(R"({"profile": ["a"]})"), "422 profile: text or null expected, not a list.");
  EXPECT_EQ(refusal(R"({"vars": "a"})"), "422 vars: an object or null expected, not a text.");
  EXPECT_EQ(refusal(R"({"vars": {"a": [1, null]}})"),
            "422 vars.a[1]: a text, number, list or object expected, not null.");
  EXPECT_EQ(refusal(R"({"vars": {"a": {"b": 18446744073709551615}}})"),
            "422 vars.a.b: the number is too large.");
  EXPECT_EQ(refusal(R"({"profil": "a"})"),
            "422 profil: no such member; there are profile, once and vars.");
}

TEST(Edit, RefusesNamesThatNoTemplateCouldAskFor) {
  for (const auto* name : {"", "1a", "a b", "a.b", "-a", "mac", "server", "circuit_id", "this"})
    EXPECT_TRUE(refusal(Json{{"vars", {{name, 1}}}}.dump()).starts_with("422 vars.")) << name;
}

TEST(Edit, RefusesWhatIsNoPlainJson) {
  for (const auto* body : {"", "{", "{\"once\": \"\xff\"}", "{} {}", "{'once': null}", "NaN"})
    EXPECT_EQ(refusal(body), "400 The body is no JSON.") << body;
  EXPECT_EQ(refusal(R"({"once": "a", "once": "b"})"), "400 once: the member is there twice.");
  EXPECT_EQ(refusal(R"({"vars": {"a": {"x": 1}, "b": {"x": 1, "x": 2}}})"),
            "400 x: the member is there twice.");
  std::string deep = R"({"vars": {"a": )";
  const std::string nested = deep + std::string(17, '[') + std::string(17, ']') + "}}";
  EXPECT_EQ(refusal(nested), "400 The JSON is nested more than 16 deep.");
  EXPECT_EQ(refusal(deep + std::string(60'000, '[')), "400 The body is no JSON.");
}

}  // namespace
}  // namespace pixie::api
