#include "api/filter.h"

#include <gtest/gtest.h>

namespace pixie::api {
namespace {

Expected<Filter> filter_of(const std::string& query) {
  return parse_filter(http::parse_target("/api/v1/events?" + query).value());
}

TEST(Filter, WantsAllFromInfoUnlessTold) {
  const auto filter = filter_of("").value();
  EXPECT_TRUE(filter.log && filter.machine && filter.problems);
  EXPECT_EQ(filter.level, events::Severity::info);
  EXPECT_EQ(filter.mac, std::nullopt);
}

TEST(Filter, TakesWhatTheQuerySays) {
  const auto filter = filter_of("types=log,problems&level=warning&mac=52-54-00-AB-CD-EF").value();
  EXPECT_TRUE(filter.log && filter.problems);
  EXPECT_FALSE(filter.machine);
  EXPECT_EQ(filter.level, events::Severity::warning);
  EXPECT_EQ(filter.mac, wire::Mac::parse("525400abcdef"));
}

TEST(Filter, NamesTheParameterThatIsWrong) {
  EXPECT_EQ(filter_of("types=logs").error().text,
            "types: 'logs' is none of log, machine, problems and images");
  EXPECT_EQ(filter_of("level=loud").error().text,
            "level: 'loud' is none of error, warning, info and debug");
  EXPECT_EQ(filter_of("mac=web1").error().text, "mac: 'web1' is no MAC address");
}

}  // namespace
}  // namespace pixie::api
