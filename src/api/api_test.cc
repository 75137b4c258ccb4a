#include "api/api.h"

#include <chrono>
#include <future>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/routes.h"
#include "api/testing.h"
#include "events/stream.h"

namespace pixie::api {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::string_view settings = R"(
[profiles.debian12]
title = "Debian 12"
menu = true
kernel = "/extra/linux"
initrd = "/extra/initrd.gz"
cmdline = "hostname={{hostname}} done={{callback}}"
[profiles.disk]
local = true
[profiles.needy]
chain = "http://192.0.2.9/{{role}}"

[groups.web.vars]
role = "web"

[machines."52:54:00:00:00:07"]
hostname = "web7"

[[rules]]
name = "arm"
arch = "arm64"
profile = "disk"
[[rules]]
name = "needy"
serial = "N-*"
profile = "needy"
)";

std::shared_ptr<const machines::Fleet> load_fleet() {
  const auto fleet =
      machines::Fleet::load({.settings = {{"pixie.toml", std::string(settings)}}, .texts = {}});
  if (!fleet) ADD_FAILURE() << fleet.error().front().one_line();
  return fleet.value();
}

/// The API before a real registry whose store is in memory.
class ApiTest : public testing::Test {
 protected:
  ApiTest() { office.the_fleet = load_fleet(); }

  Answer answer(const Call& call) {
    std::promise<Answer> promise;
    registry.ask([&](registry::Registry&) { promise.set_value(api.answer(call)); });
    return promise.get_future().get();
  }
  Answer get(const std::string& path) { return answer(make_call("GET", path)); }
  Answer put(const std::string& mac, std::string body) {
    return answer(make_call("PUT", "/machines/" + mac, std::move(body)));
  }
  /// Sends what a machine with these facts tells, and waits until the registry has it.
  void see(const wire::Mac& mac,
           std::initializer_list<std::pair<machines::Fact, const char*>> facts) {
    machines::Identity identity;
    identity.learn(machines::Fact::mac, mac.colons(), machines::Source::observed);
    for (const auto& [fact, text] : facts) identity.learn(fact, text, machines::Source::claimed);
    registry.saw(mac, identity);
    get("/version");
  }

  events::Stream stream;
  TestOffice office;
  registry::Registry registry{store::Store::open("").value(), office.the_roster, stream};
  Api api{registry, office};
};

constexpr auto seven = "52:54:00:00:00:07";
const auto seven_mac = wire::Mac::parse(seven).value();

TEST_F(ApiTest, AnswersAreNeverCachedOrGuessedAt) {
  for (const auto& got : {get("/version"), get("/nothing")}) {
    EXPECT_EQ(field_in(got, "Cache-Control"), "no-store");
    EXPECT_EQ(field_in(got, "X-Content-Type-Options"), "nosniff");
  }
  EXPECT_EQ(get("/version").made.body, "{\"version\":\"1.2.3\"}\n");
}

TEST_F(ApiTest, HealthIsDegradedByAProblem) {
  EXPECT_EQ(get("/health").made.body, "{\"status\":\"ok\",\"problems\":[]}\n");
  office.the_health_problems = {"The disk is full."};
  EXPECT_EQ(get("/health").made.body,
            "{\"status\":\"degraded\",\"problems\":[\"The disk is full.\"]}\n");
}

TEST_F(ApiTest, AnAssignmentIsMadeKeptAndTakenBack) {
  EXPECT_EQ(get("/machines/525400000007").made.status, 404);
  const auto made = put(seven, R"({"profile":"disk","once":"debian12","vars":{"x":1}})");
  EXPECT_EQ(made.made.status, 201);
  EXPECT_EQ(field_in(made, "ETag"), fmt::format("\"{}\"", json_in(made).at("version").dump()));
  EXPECT_EQ(text_of(json_in(made).at("assignment")),
            R"({"profile":"disk","once":"debian12","vars":{"x":1}})");
  EXPECT_EQ(json_in(made).at("first_seen"), nullptr);
  EXPECT_EQ(json_in(made).at("hostname"), "web7");
  EXPECT_EQ(json_in(get("/machines/525400000007")), json_in(made));

  const auto changed = answer(make_call("PATCH", "/machines/525400000007", R"({"once":null})"));
  EXPECT_EQ(changed.made.status, 200);
  EXPECT_NE(field_in(changed, "ETag"), field_in(made, "ETag"));
  EXPECT_EQ(text_of(json_in(changed).at("assignment")),
            R"({"profile":"disk","once":null,"vars":{"x":1}})");
  EXPECT_EQ(text_of(json_in(put(seven, "{}")).at("assignment")),
            R"({"profile":null,"once":null,"vars":{}})");

  EXPECT_EQ(answer(make_call("DELETE", "/machines/525400000007")).made.status, 204);
  EXPECT_EQ(get("/machines/525400000007").made.status, 404);
  EXPECT_EQ(answer(make_call("DELETE", "/machines/525400000007")).made.status, 404);
}

TEST_F(ApiTest, WhatIsAssignedMustBeThere) {
  const auto unknown = put(seven, R"({"profile":"debian11"})");
  EXPECT_EQ(unknown.made.status, 422);
  EXPECT_EQ(detail_in(unknown), "profile: there is no profile 'debian11'.");
  EXPECT_EQ(detail_in(put(seven, R"({"once":"x"})")), "once: there is no profile 'x'.");
  EXPECT_EQ(get("/machines/525400000007").made.status, 404);
}

TEST_F(ApiTest, TheBodyMustSayThatItIsJson) {
  auto call = make_call("PUT", "/machines/525400000007", "{}");
  for (const auto* good : {"application/json; charset=utf-8", "Application/JSON"}) {
    call.content_type = good;
    EXPECT_LT(answer(call).made.status, 300) << good;
  }
  for (const auto* bad :
       {"text/plain", "application/x-www-form-urlencoded", "", "text/plain; a=application/json"}) {
    call.content_type = bad;
    EXPECT_EQ(answer(call).made.status, 415) << bad;
  }
  call.content_type.reset();
  EXPECT_EQ(answer(call).made.status, 415);
}

TEST_F(ApiTest, PreconditionsGuardAWrite) {
  const auto status = [&](const char* method, std::optional<std::string> match,
                          std::optional<std::string> none_match) {
    auto call = make_call(method, "/machines/525400000007", "{}");
    call.if_match = std::move(match);
    call.if_none_match = std::move(none_match);
    return answer(call).made.status;
  };
  const auto tag = [&] { return field_in(get("/machines/525400000007"), "ETag").value(); };
  EXPECT_EQ(status("PUT", "*", {}), 412);
  EXPECT_EQ(status("PUT", {}, "*"), 201);
  EXPECT_EQ(status("PUT", {}, "*"), 412);
  const auto first = tag();
  EXPECT_EQ(status("PUT", "\"0\"", {}), 412);
  EXPECT_EQ(status("PATCH", "W/" + first, {}), 412);
  EXPECT_EQ(status("PUT", "\"77\", " + first, {}), 200);
  EXPECT_EQ(status("PUT", first, {}), 412);
  EXPECT_EQ(status("PATCH", {}, "W/" + tag()), 412);
  EXPECT_EQ(status("PATCH", "*", first), 200);
  EXPECT_EQ(status("DELETE", first, {}), 412);
  EXPECT_EQ(status("DELETE", tag(), {}), 204);
}

TEST_F(ApiTest, AMachineThatWasOnlySeenIsThereForPreconditions) {
  see(seven_mac, {});
  auto call = make_call("PUT", "/machines/525400000007", "{}");
  call.if_match = field_in(get("/machines/525400000007"), "ETag");
  EXPECT_EQ(answer(call).made.status, 200);
  EXPECT_EQ(answer(call).made.status, 412);
}

TEST_F(ApiTest, MachinesComeInPages) {
  for (std::uint8_t i = 1; i <= 5; ++i) see({{0x52, 0x54, 0, 0, 0, i}}, {});
  const auto page = [&](const std::string& query) {
    const auto json = json_in(get("/machines?" + query));
    std::string text;
    for (const auto& machine : json.at("machines"))
      text += machine.at("mac").get<std::string>().back();
    return text + (json.at("next").is_null() ? "" : " " + json.at("next").get<std::string>());
  };
  EXPECT_EQ(page("limit=2"), "12 52:54:00:00:00:02");
  EXPECT_EQ(page("limit=2&after=52:54:00:00:00:02"), "34 52:54:00:00:00:04");
  EXPECT_EQ(page("limit=1&after=52-54-00-00-00-04"), "5");
  EXPECT_EQ(page("q=00:00:03"), "3");
  for (const auto* wrong : {"limit=0", "limit=1001", "limit=x", "limit=", "after=x"})
    EXPECT_EQ(get(std::string("/machines?") + wrong).made.status, 400) << wrong;
}

TEST_F(ApiTest, ScriptAndExplanationSayWhatItWouldBoot) {
  ASSERT_EQ(put(seven, R"({"once":"debian12"})").made.status, 201);
  office.paths = {"extra/linux"};
  const auto script = get("/machines/525400000007/script");
  EXPECT_EQ(script.made.status, 200);
  EXPECT_EQ(script.made.content_type, "text/plain; charset=utf-8");
  EXPECT_THAT(script.made.body, StartsWith("#!ipxe\n"));
  EXPECT_THAT(script.made.body, HasSubstr("hostname=web7"));
  EXPECT_THAT(script.made.body,
              HasSubstr("done=http://192.0.2.1/api/v1/machines/52-54-00-00-00-07/done"
                        "?token=given-at-boot"));

  const auto why = json_in(get("/explain/525400000007?arch=x86_64&firmware=uefi"));
  EXPECT_EQ(why.at("mac"), seven);
  EXPECT_EQ(text_of(why.at("decision")), R"({"because":"once","profile":"debian12","rule":null})");
  EXPECT_THAT(why.at("script").get<std::string>(), HasSubstr("hostname=web7"));
  EXPECT_EQ(why.at("error"), nullptr);
  EXPECT_EQ(text_of(why.at("urls")),
            R"([{"url":"http://192.0.2.1/extra/linux","exists":true},)"
            R"({"url":"http://192.0.2.1/extra/initrd.gz","exists":false}])");
  EXPECT_EQ(why.at("rom"), "snponly64.efi");
  EXPECT_TRUE(why.at("steps").back().at("decided"));
  EXPECT_EQ(json_in(get("/machines/525400000007")).at("assignment").at("once"), "debian12");
}

TEST_F(ApiTest, ExplainsFactsThatAreAsked) {
  const auto why = json_in(get("/explain/525400000001?arch=arm64&firmware=http"));
  EXPECT_EQ(text_of(why.at("decision")), R"({"because":"rule","profile":"disk","rule":"arm"})");
  EXPECT_EQ(why.at("rom"), "snponly-arm64.efi");
}

TEST_F(ApiTest, ExplainsWhyThereIsNoScript) {
  const auto nothing = json_in(get("/explain/525400000001"));
  EXPECT_EQ(nothing.at("decision").at("because"), "nothing");
  EXPECT_EQ(nothing.at("script"), nullptr);
  EXPECT_EQ(nothing.at("error"), "Nothing is for this machine; its screen will say so.");
  EXPECT_EQ(nothing.at("rom"), nullptr);
  EXPECT_EQ(get("/machines/525400000001/script").made.status, 404);

  const auto lacking = json_in(get("/explain/525400000001?serial=N-1"));
  EXPECT_EQ(lacking.at("decision").at("rule"), "needy");
  EXPECT_EQ(lacking.at("script"), nullptr);
  EXPECT_THAT(lacking.at("error").get<std::string>(), StartsWith("pixie.toml:11:29: {{role}}"));
  EXPECT_EQ(get("/machines/525400000001/script?serial=N-1").made.status, 409);
}

TEST_F(ApiTest, TellsWhatAnotherServerSaid) {
  const auto step = [&] {
    for (const auto& told : json_in(get("/explain/525400000001")).at("steps")) {
      if (told.at("because") == "upstream") return told.at("text").get<std::string>();
    }
    return std::string();
  };
  EXPECT_EQ(step(), "no other server is asked (--api)");
  office.the_upstream.what = machines::Upstream::not_asked;
  EXPECT_THAT(step(), StartsWith("the other server (--api) was not asked"));
  office.the_upstream.what = machines::Upstream::nothing;
  EXPECT_EQ(step(), "the other server (--api) has nothing for it");
  office.the_upstream = {.what = machines::Upstream::script, .script = "#!ipxe\nshell\n"};
  const auto why = json_in(get("/explain/525400000001"));
  EXPECT_EQ(why.at("decision").at("because"), "upstream");
  EXPECT_EQ(why.at("script"), "#!ipxe\nshell\n");
  EXPECT_EQ(why.at("error"), nullptr);
  EXPECT_EQ(get("/machines/525400000001/script").made.body, "#!ipxe\nshell\n");
}

TEST_F(ApiTest, TheOwnersFilesAreShownAsTheyAre) {
  office.the_default_script = "#!ipxe\necho default\n";
  EXPECT_EQ(get("/machines/525400000001/script").made.body, **office.the_default_script);
  office.the_own_script = "#!ipxe\necho own\n";
  EXPECT_EQ(get("/machines/525400000001/script").made.body, **office.the_own_script);
  EXPECT_EQ(json_in(get("/explain/525400000001")).at("decision").at("because"), "own_script");
}

TEST_F(ApiTest, WhyAnOwnersFileCantBeServed) {
  const auto expect_told = [&](const char* because, const char* reason) {
    const auto why = json_in(get("/explain/525400000001"));
    EXPECT_EQ(why.at("decision").at("because"), because);
    EXPECT_EQ(why.at("script"), nullptr);
    EXPECT_EQ(why.at("error"), reason);
    EXPECT_EQ(get("/machines/525400000001/script").made.status, 409);
  };
  EXPECT_EQ(get("/machines/525400000001/script").made.status, 404);
  office.the_default_script = fail("default.ipxe leads out.");
  expect_told("default_script", "default.ipxe leads out.");
  office.the_own_script = fail("It may not be read.");
  expect_told("own_script", "It may not be read.");
}

TEST_F(ApiTest, ACallbackNeedsItsToken) {
  see(seven_mac, {});
  const auto token = registry.token(seven_mac, std::chrono::system_clock::now());
  const auto done = [&](const std::string& query) {
    return answer(make_call("POST", "/machines/525400000007/done" + query)).made.status;
  };
  EXPECT_EQ(done(""), 403);
  EXPECT_EQ(done("?token=x"), 403);
  EXPECT_EQ(done("?status=maybe&token=" + token), 400);
  EXPECT_EQ(done("?status=failed&message=no+disk%0a&token=" + token), 204);
  const auto install = json_in(get("/machines/525400000007")).at("install");
  EXPECT_EQ(install.at("status"), "failed");
  EXPECT_THAT(install.at("message").get<std::string>(), StartsWith("no disk"));
  EXPECT_EQ(done("?token=" + token), 204);
  EXPECT_EQ(json_in(get("/machines/525400000007")).at("install").at("status"), "done");
  EXPECT_EQ(answer(make_call("GET", "/machines/525400000007/done?token=" + token)).made.status,
            405);
}

TEST_F(ApiTest, WithTokensOnlyWhatIsOpenNeedsNone) {
  office.the_tokens = std::make_shared<const Tokens>(
      Tokens::parse("reader-0123456789 read\nwriter-0123456789 write", "tokens").value());
  for (const auto& route : routes()) {
    std::string path(route.path);
    if (const auto at = path.find("{mac}"); at != path.npos) path.replace(at, 5, seven);
    auto call = make_call(std::string(route.method), path);
    const auto without = answer(call).made.status;
    EXPECT_EQ(without == 401, route.access != Access::open) << route.path;
    call.authorization = "Bearer reader-0123456789";
    const auto reading = answer(call).made;
    EXPECT_EQ(reading.status == 403 && reading.body.contains("reading only"),
              route.access == Access::write)
        << route.path;
  }
}

TEST_F(ApiTest, WhatIsInForceIsListed) {
  const auto profiles = json_in(get("/profiles")).at("profiles");
  ASSERT_EQ(profiles.size(), 3);
  EXPECT_EQ(text_of(profiles[0]),
            R"({"name":"debian12","title":"Debian 12","menu":true,"menu_group":null,)"
            R"("firmware":[],"arch":[],"kind":"kernel","file":"pixie.toml","line":2,"vars":{}})");
  EXPECT_EQ(profiles[1].at("kind"), "local");
  EXPECT_EQ(text_of(json_in(get("/rules")).at("rules")[0]),
            R"({"name":"arm","profile":"disk","conditions":[{"fact":"arch","patterns":["arm64"]}],)"
            R"("file":"pixie.toml","line":19})");
  EXPECT_EQ(get("/problems").made.body, "{\"problems\":[]}\n");
  EXPECT_FALSE(json_in(get("/roms")).at("roms").empty());
}

TEST_F(ApiTest, BootsAreListed) {
  for (const auto* path :
       {"/boots", "/boots?limit=5&before=3", "/boots/live", "/machines/525400000007/boots"})
    EXPECT_EQ(get(path).made.body, "{\"boots\":[]}\n") << path;
  EXPECT_EQ(get("/boots?before=0").made.status, 400);
}

TEST_F(ApiTest, TheStreamOfEventsIsTheEdgesToGoOnWith) {
  const auto got = get("/events?types=log&level=debug");
  EXPECT_EQ(got.made.status, 200);
  EXPECT_EQ(got.made.content_type, "text/event-stream");
  ASSERT_TRUE(got.follow);
  EXPECT_EQ(got.follow->level, events::Severity::debug);
  EXPECT_FALSE(get("/events?level=loud").follow);
  EXPECT_EQ(get("/events?level=loud").made.status, 400);
}

}  // namespace
}  // namespace pixie::api
