#include "http/request.h"

#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace pixie::http {
namespace {

using Lines = std::vector<std::pair<std::string_view, std::string_view>>;

Request with(int version, const Lines& lines) {
  Request request;
  request.version = version;
  for (const auto& [name, value] : lines) request.fields.add(name, value);
  return request;
}

TEST(Fields, AreFoundInAnyCase) {
  Fields fields;
  fields.add("Host", " 192.0.2.1:80\t");
  fields.add("X-Empty", "");
  fields.add("accept", "a");
  fields.add("Accept", "b");
  EXPECT_EQ(fields.find("HOST"), "192.0.2.1:80");
  EXPECT_EQ(fields.find("x-empty"), "");
  EXPECT_EQ(fields.find("Hos"), std::nullopt);
  EXPECT_EQ(fields.find("ACCEPT"), "a");
  EXPECT_EQ(fields.find_single("accept"), std::nullopt);
  EXPECT_EQ(fields.find_single("host"), "192.0.2.1:80");
  EXPECT_EQ(fields.list("Accept"), "a, b");
  EXPECT_EQ(fields.list("Range"), std::nullopt);

  fields.clear();
  EXPECT_EQ(fields.size(), 0U);
  EXPECT_EQ(fields.find("Host"), std::nullopt);
}

TEST(Fields, ListTokens) {
  Fields fields;
  fields.add("Connection", "Upgrade, ,keep-alive");
  fields.add("Connection", "TE");
  EXPECT_TRUE(fields.has_token("connection", "Keep-Alive"));
  EXPECT_TRUE(fields.has_token("connection", "te"));
  EXPECT_FALSE(fields.has_token("connection", "close"));
  EXPECT_FALSE(fields.has_token("connection", "keep"));
  EXPECT_FALSE(fields.has_token("connection", ""));
}

TEST(Request, KeepsTheConnectionAlive) {
  EXPECT_TRUE(keep_alive(with(11, {})));
  EXPECT_TRUE(keep_alive(with(11, {{"Connection", "Keep-Alive"}})));
  EXPECT_FALSE(keep_alive(with(11, {{"Connection", "Close"}})));
  EXPECT_FALSE(keep_alive(with(11, {{"Connection", "keep-alive"}, {"Connection", "x, close"}})));
  EXPECT_FALSE(keep_alive(with(10, {})));
  EXPECT_TRUE(keep_alive(with(10, {{"Connection", "Keep-Alive"}})));
  EXPECT_FALSE(keep_alive(with(10, {{"Connection", "keep-alive, close"}})));
  Request last = with(11, {});
  last.last_on_connection = true;
  EXPECT_FALSE(keep_alive(last));
}

TEST(Request, NeedsOneHost) {
  EXPECT_TRUE(check_host(with(11, {{"host", "a"}})));
  EXPECT_TRUE(check_host(with(11, {{"Host", ""}})));
  EXPECT_TRUE(check_host(with(10, {})));
  EXPECT_FALSE(check_host(with(11, {})));
  EXPECT_FALSE(check_host(with(11, {{"Host", "a"}, {"Host", "a"}})));
}

TEST(Request, MethodsAreCaseSensitive) {
  EXPECT_EQ(parse_method("GET"), Method::get);
  EXPECT_EQ(parse_method("HEAD"), Method::head);
  EXPECT_EQ(parse_method("get"), Method::other);
  EXPECT_EQ(parse_method("POST"), Method::other);
  EXPECT_EQ(parse_method(""), Method::other);
}

TEST(Request, ClearLeavesNothingBehind) {
  Request request = with(10, {{"Connection", "close"}});
  request.method = Method::other;
  request.method_text = "PUT";
  request.target = "/a";
  request.body = "b";
  request.last_on_connection = true;
  request.clear();
  EXPECT_EQ(request.method, Method::get);
  EXPECT_TRUE(request.method_text.empty() && request.target.empty() && request.body.empty());
  EXPECT_TRUE(keep_alive(request));
}

}  // namespace
}  // namespace pixie::http
