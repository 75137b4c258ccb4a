#include "api/call.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/testing.h"

namespace pixie::api {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::optional<Call> call_to(const std::string& target, http::Request request = {},
                            bool from_loopback = true) {
  return call_of(request, http::parse_target(target).value(), from_loopback);
}

TEST(Call, IsWhatLiesBelowTheBase) {
  EXPECT_THAT(call_to("/api/v1/machines/52%3A54:00:ab:cd:ef")->segments,
              ElementsAre("machines", "52:54:00:ab:cd:ef"));
  EXPECT_THAT(call_to("/api/v1/boots/live?x=1")->segments, ElementsAre("boots", "live"));
  EXPECT_THAT(call_to("/api/v1")->segments, IsEmpty());
  for (const auto* other : {"/", "/api", "/api/v2/machines", "/api/v1x", "/x/api/v1/machines"})
    EXPECT_FALSE(call_to(other)) << other;
}

TEST(Call, HeadCountsAsGet) {
  http::Request request;
  request.method_text = "HEAD";
  EXPECT_EQ(call_to("/api/v1/version", std::move(request))->method, "GET");
}

TEST(Call, AFieldThatIsRepeatedCountsForNothing) {
  http::Request request;
  request.fields.add("Authorization", "Bearer a");
  request.fields.add("Authorization", "Bearer b");
  request.fields.add("Origin", "http://a");
  request.fields.add("origin", "http://b");
  const auto call = call_to("/api/v1/version", std::move(request));
  EXPECT_EQ(call->authorization, "");
  EXPECT_EQ(call->origin, "");
  EXPECT_EQ(call->host, std::nullopt);
}

TEST(Call, WhatAProxyBringsIsNotFromHere) {
  EXPECT_TRUE(call_to("/api/v1/version")->loopback);
  EXPECT_FALSE(call_to("/api/v1/version", {}, false)->loopback);
  for (const auto* mark : {"Forwarded", "X-Forwarded-For", "x-real-ip", "Via"}) {
    http::Request request;
    request.fields.add(mark, "192.0.2.7");
    EXPECT_FALSE(call_to("/api/v1/version", std::move(request))->loopback) << mark;
  }
}

TEST(Problem, IsADocumentWhateverItsDetailHolds) {
  const auto answer = problem(422, "no profile '\xff\n\"'");
  EXPECT_EQ(answer.made.status, 422);
  EXPECT_EQ(answer.made.content_type, "application/problem+json");
  EXPECT_EQ(json_in(answer), (Json{{"type", "about:blank"},
                                   {"title", "Unprocessable Content"},
                                   {"status", 422},
                                   {"detail", "no profile '\xef\xbf\xbd\n\"'"}}));
}

}  // namespace
}  // namespace pixie::api
