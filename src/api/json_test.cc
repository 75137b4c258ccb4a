#include "api/json.h"

#include <array>
#include <chrono>

#include <gtest/gtest.h>

#include "api/testing.h"

namespace pixie::api {
namespace {

using namespace std::chrono_literals;
using machines::Fact;
using machines::Source;

constexpr events::Time noon{1'700'000'000'123ms};
const auto mac = wire::Mac::parse("525400abcdef").value();

registry::MachineView seen_machine() {
  registry::MachineView view;
  view.row.mac = mac;
  view.row.identity.learn(Fact::mac, "52:54:00:ab:cd:ef", Source::observed);
  view.row.identity.learn(Fact::serial, "S\xff", Source::claimed);
  view.row.first_seen = view.row.last_seen = noon;
  view.row.version = 3;
  return view;
}

TEST(Json, TimesAreRfc3339) {
  EXPECT_EQ(json_of(noon), "2023-11-14T22:13:20.123Z");
  EXPECT_EQ(json_of(events::Time{1ms}), "1970-01-01T00:00:00.001Z");
  EXPECT_EQ(json_of(events::Time{}), nullptr);
}

TEST(Json, BytesThatAreNoUtf8AreReplaced) {
  EXPECT_EQ(text_of({{"\xff", "a\xc3"}}), "{\"\xef\xbf\xbd\":\"a\xef\xbf\xbd\"}");
}

TEST(Json, AMachineThatIsHardlyKnownHasNulls) {
  auto view = seen_machine();
  const machines::Fleet fleet;
  EXPECT_EQ(text_of(machine_summary(view, fleet, false)),
            R"({"mac":"52:54:00:ab:cd:ef","hostname":null,"ip":null,"arch":null,"firmware":null,)"
            R"("manufacturer":null,"product":null,"first_seen":"2023-11-14T22:13:20.123Z",)"
            R"("last_seen":"2023-11-14T22:13:20.123Z",)"
            R"("assignment":{"profile":null,"once":null,"vars":{}},"own_script":false,)"
            R"("install":null,"boot":null,"version":3})");
  EXPECT_EQ(text_of(machine_detail(view, fleet, false).at("facts")),
            R"([{"name":"mac","value":"52:54:00:ab:cd:ef","source":"observed"},)"
            "{\"name\":\"serial\",\"value\":\"S\xef\xbf\xbd\",\"source\":\"claimed\"}]");
}

TEST(Json, AnInstallationAndABootAreTold) {
  auto view = seen_machine();
  view.row.install = {.profile = "debian12",
                      .status = store::Install::Status::failed,
                      .when = noon,
                      .message = "no disk"};
  view.boot = events::Boot{.id = 7,
                           .mac = mac,
                           .started = noon,
                           .updated = noon,
                           .stage = events::Stage::loading,
                           .cause = "",
                           .profile = "debian12",
                           .because = "once",
                           .bytes_sent = 1,
                           .bytes_total = 2,
                           .steps = {{.at = noon, .event = "http.done", .text = "/extra/linux"}}};
  const auto json = machine_summary(view, {}, true);
  EXPECT_EQ(text_of(json.at("install")),
            R"({"profile":"debian12","status":"failed","when":"2023-11-14T22:13:20.123Z",)"
            R"("message":"no disk"})");
  EXPECT_EQ(
      text_of(json.at("boot")),
      R"({"id":7,"mac":"52:54:00:ab:cd:ef","started":"2023-11-14T22:13:20.123Z",)"
      R"("updated":"2023-11-14T22:13:20.123Z","stage":"loading","outcome":"under_way",)"
      R"("cause":null,"profile":"debian12","because":"once","bytes_sent":1,"bytes_total":2})");
  EXPECT_EQ(json.at("own_script"), true);
  EXPECT_EQ(text_of(boot_with_steps(*view.boot).at("steps")),
            R"([{"at":"2023-11-14T22:13:20.123Z","event":"http.done","text":"/extra/linux",)"
            R"("bytes":0,"seconds":0.0}])");
}

TEST(Json, AMistakeHasItsPlace) {
  EXPECT_EQ(text_of(problems({{"pixie.toml", 3, 1, "no such key", "kernl = 1"}})),
            R"({"problems":[{"file":"pixie.toml","line":3,"column":1,"text":"no such key",)"
            R"("excerpt":"kernl = 1"}]})");
  EXPECT_EQ(text_of(problems({})), R"({"problems":[]})");
}

TEST(Json, ALogRecordKeepsItsFieldsTypes) {
  const events::Kind kind{"http.done", events::Severity::warning, "A request."};
  const std::array<events::Field, 3> fields{
      events::Field{"path", "/a\"b"}, events::Field{"size", 5U}, events::Field{"seconds", 0.25}};
  EXPECT_EQ(text_of(log_record({kind, noon, fields})),
            R"({"time":"2023-11-14T22:13:20.123Z","level":"warning","event":"http.done",)"
            R"("sentence":"A request.","fields":{"path":"/a\"b","size":5,"seconds":0.25}})");
}

TEST(Json, RomsAreThoseThatAreServed) {
  const roms::Catalogue catalogue;
  const auto json = roms(catalogue).at("roms");
  EXPECT_FALSE(json.empty());
  for (const auto& rom : json) {
    EXPECT_NE(catalogue.find(rom.at("name").get<std::string>()), nullptr);
    EXPECT_GT(rom.at("size"), 0);
    EXPECT_EQ(rom.at("sha256").get<std::string>().size(), 64);
  }
}

}  // namespace
}  // namespace pixie::api
