#include "events/metrics.h"

#include <initializer_list>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "events/boot.h"
#include "events/catalogue.h"

namespace pixie::events {
namespace {

using testing::HasSubstr;
using testing::Not;

void give(Metrics& metrics, const Kind& kind, std::initializer_list<Field> fields) {
  metrics.take({kind, {}, fields});
}

std::string text_of(const Metrics& metrics) {
  return metrics.exposition({.version = "1.2.3",
                             .transfers = 3,
                             .connections = 4,
                             .listeners = 5,
                             .machines = 7,
                             .installs = {{{"started", 2}, {"done", 4}, {"failed", 1}}},
                             .dropped = 6});
}

TEST(Metrics, CountsTransfersByHowTheyEnded) {
  Metrics metrics;
  give(metrics, tftp_done, {{"bytes", 1000}, {"seconds", 0.3}});
  give(metrics, tftp_done, {{"bytes", 500}, {"seconds", 400.0}});
  give(metrics, tftp_timeout, {{"bytes", 20}, {"seconds", 30.0}});
  const auto text = text_of(metrics);
  EXPECT_THAT(text, HasSubstr("pixie_tftp_transfers_total{outcome=\"complete\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("pixie_tftp_transfers_total{outcome=\"timeout\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("pixie_tftp_sent_bytes_total 1520\n"));
  const std::string name = "pixie_tftp_transfer_duration_seconds";
  EXPECT_THAT(text, HasSubstr(name + "_bucket{le=\"0.1\"} 0\n"));
  EXPECT_THAT(text, HasSubstr(name + "_bucket{le=\"0.5\"} 1\n"));
  EXPECT_THAT(text, HasSubstr(name + "_bucket{le=\"+Inf\"} 2\n"));
  EXPECT_THAT(text, HasSubstr(name + "_sum 400.3\n"));
  EXPECT_THAT(text, HasSubstr(name + "_count 2\n"));
}

TEST(Metrics, CountsRequestsByStatusAndMethod) {
  Metrics metrics;
  const Field method("method", "GET");
  give(metrics, http_done, {method, {"status", 200}, {"bytes", 7}, {"seconds", 0.001}});
  give(metrics, http_aborted, {method, {"status", 200}, {"bytes", 3}, {"seconds", 9.0}});
  give(metrics, rom_missing, {method, {"status", 404}, {"bytes", 1}});
  give(metrics, http_refused, {{"method", "BREW\"}"}, {"status", 405}});
  give(metrics, http_malformed, {{"status", 400}});
  give(metrics, http_timeout, {{"client", "192.0.2.7:1"}});
  const auto text = text_of(metrics);
  const std::string name = "pixie_http_requests_total";
  EXPECT_THAT(text, HasSubstr(name + "{code=\"200\",method=\"GET\"} 2\n"));
  EXPECT_THAT(text, HasSubstr(name + "{code=\"404\",method=\"GET\"} 1\n"));
  EXPECT_THAT(text, HasSubstr(name + "{code=\"405\",method=\"other\"} 1\n"));
  EXPECT_THAT(text, HasSubstr(name + "{code=\"400\",method=\"other\"} 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("BREW")));
  EXPECT_THAT(text, HasSubstr("pixie_http_sent_bytes_total 11\n"));
  EXPECT_THAT(text, HasSubstr("pixie_http_request_duration_seconds_count 1\n"));
  EXPECT_THAT(text, HasSubstr("pixie_events_total{event=\"http.timeout\"} 1\n"));
}

TEST(Metrics, TellsHowManyBootsAreUnderWay) {
  Metrics metrics;
  for (int i = 0; i < 3; ++i) give(metrics, boot_started, {{"mac", "52:54:00:00:00:01"}});
  give(metrics, boot_ended, {{"outcome", outcome_name(Outcome::stalled)}, {"seconds", 61.0}});
  const auto text = text_of(metrics);
  EXPECT_THAT(text, HasSubstr("pixie_boots_active 2\n"));
  EXPECT_THAT(text, HasSubstr("pixie_boots_total{outcome=\"stalled\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("pixie_boots_total{outcome=\"booted\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("pixie_boot_duration_seconds_bucket{le=\"120\"} 1\n"));
}

TEST(Metrics, ShowsWhatItIsTold) {
  const auto text = text_of(Metrics());
  EXPECT_THAT(text, HasSubstr("pixie_build_info{version=\"1.2.3\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("pixie_tftp_transfers_active 3\n"));
  EXPECT_THAT(text, HasSubstr("pixie_http_connections 4\n"));
  EXPECT_THAT(text, HasSubstr("pixie_live_listeners 5\n"));
  EXPECT_THAT(text, HasSubstr("pixie_events_dropped_total 6\n"));
  EXPECT_THAT(text, Not(HasSubstr("process_resident_memory_bytes 0\n")));
}

TEST(Metrics, HasEachNameDescribedOnceBeforeItsLines) {
  Metrics metrics;
  for (const auto* kind : all) {
    if (metrics.wants(*kind)) give(metrics, *kind, {{"status", 200}, {"method", "GET"}});
  }
  const auto text = text_of(metrics);
  for (std::size_t at = 0; at < text.size();) {
    const auto end = text.find('\n', at);
    ASSERT_NE(end, std::string::npos);
    const auto line = text.substr(at, end - at);
    at = end + 1;
    if (!line.starts_with("# HELP ")) continue;
    const auto name = line.substr(7, line.find(' ', 7) - 7);
    EXPECT_EQ(text.find("# HELP " + name + " ", at), std::string::npos) << name;
    EXPECT_TRUE(text.substr(at).starts_with("# TYPE " + name + " ")) << name;
    const auto next = text.substr(text.find('\n', at) + 1);
    EXPECT_TRUE(next.starts_with(name)) << name;
  }
}

}  // namespace
}  // namespace pixie::events
