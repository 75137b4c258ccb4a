#include "storm/report.h"

#include <gtest/gtest.h>

namespace pixie::storm {
namespace {

using std::chrono::seconds;

Boot done(Duration took) {
  Boot boot;
  boot.step = Step::files;
  boot.took = took;
  boot.traffic = {.tftp_bytes = 1, .http_bytes = 2, .repeats = 3, .waits = 4};
  return boot;
}

Boot failed(Step step, std::string id, std::string cause) {
  Boot boot;
  boot.step = step;
  boot.failure = Failure{std::move(id), std::move(cause), ""};
  return boot;
}

TEST(StormReport, HasNearestRanks) {
  Report report;
  EXPECT_EQ(report.percentile(0.5), Duration::zero());
  for (int i = 100; i >= 1; --i) report.add(done(seconds(i)));
  EXPECT_EQ(report.percentile(0.5), seconds(50));
  EXPECT_EQ(report.percentile(0.9), seconds(90));
  EXPECT_EQ(report.percentile(0.99), seconds(99));
  EXPECT_EQ(report.percentile(1), seconds(100));
  EXPECT_EQ(report.traffic().http_bytes, 200);
  EXPECT_EQ(report.traffic().waits, 400);
}

TEST(StormReport, GathersCausesByStep) {
  Report report;
  report.add(failed(Step::files, "file-missing", "first"));
  report.add(failed(Step::rom, "tftp-silent", ""));
  report.add(failed(Step::files, "http-closed", ""));
  report.add(failed(Step::files, "http-closed", ""));
  report.add(failed(Step::rom, "file-missing", ""));
  report.add(done(seconds(1)));
  EXPECT_EQ(report.completed(), 1);
  EXPECT_EQ(report.failed(), 5);
  std::string told;
  for (const auto& cause : report.causes())
    told += std::string(step_name(cause.step)) + ' ' + cause.example.id + ' ' +
            std::to_string(cause.count) + '\n';
  EXPECT_EQ(told,
            "rom file-missing 1\nrom tftp-silent 1\nfiles http-closed 2\nfiles file-missing 1\n");
}

}  // namespace
}  // namespace pixie::storm
