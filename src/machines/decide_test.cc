#include "machines/decide.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "machines/testing.h"

namespace pixie::machines {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::load;
using testing::machine_52;

constexpr std::string_view fleet_of_all = R"([profiles.a]
kernel = "/k"
[profiles.b]
local = true
[profiles.b.vars]
v = "profile"
[groups.empty]
[groups.g]
profile = "a"
[machines.525400123456]
profile = "b"
groups = ["g"]
[machines.525400000001]
groups = ["empty", "g"]
[machines.525400000002]
[[rules]]
name = "special"
serial = "S1"
profile = "b"
)";

class Deciding : public ::testing::Test {
 protected:
  Decision decided(const Question& question) const { return decide(*fleet, question); }

  std::shared_ptr<const Fleet> fleet = load(std::string(fleet_of_all));
  Identity identity = machine_52();
  Assignment assignment{.profile = "a", .once = "b", .vars = {}};
};

TEST_F(Deciding, AsksInOrder) {
  Question question{.identity = identity,
                    .assignment = &assignment,
                    .has_own_script = true,
                    .has_default_script = true,
                    .menu_choice = "a",
                    .upstream = Upstream::script};
  EXPECT_EQ(decided(question).because, Because::own_script);
  EXPECT_FALSE(decided(question).profile);
  EXPECT_TRUE(decided(question).machine);
  question.has_own_script = false;
  EXPECT_EQ(decided(question).because, Because::menu);
  EXPECT_EQ(decided(question).profile->name, "a");
  question.menu_choice = "";
  EXPECT_EQ(decided(question).because, Because::once);
  EXPECT_EQ(decided(question).profile->name, "b");
  assignment.once.clear();
  EXPECT_EQ(decided(question).because, Because::assigned);
  EXPECT_EQ(decided(question).profile->name, "a");
  question.assignment = nullptr;
  EXPECT_EQ(decided(question).because, Because::machine);
  EXPECT_EQ(decided(question).profile->name, "b");
  identity = machine_52("52:54:00:00:00:01");
  EXPECT_EQ(decided(question).because, Because::upstream);
  question.upstream = Upstream::nothing;
  identity.learn(Fact::serial, "s1", Source::claimed);
  EXPECT_EQ(decided(question).because, Because::rule);
  EXPECT_EQ(decided(question).rule->name, "special");
  identity = machine_52("52:54:00:00:00:01");
  EXPECT_EQ(decided(question).because, Because::group);
  EXPECT_EQ(decided(question).profile->name, "a");
  identity = machine_52("52:54:00:00:00:02");
  EXPECT_EQ(decided(question).because, Because::default_script);
  question.has_default_script = false;
  EXPECT_EQ(decided(question).because, Because::nothing);
}

TEST_F(Deciding, GoesOnPastAProfileThatIsGone) {
  assignment = {.profile = "gone", .once = "gone too", .vars = {}};
  const auto decision = decided({.identity = identity, .assignment = &assignment});
  EXPECT_EQ(decision.because, Because::machine);
  EXPECT_EQ(decision.missing_profile, "gone too");
}

TEST_F(Deciding, IsExplained) {
  identity = machine_52("52:54:00:00:00:02");
  const auto steps = explain(*fleet, {.identity = identity, .menu_choice = "gone"});
  std::vector<std::string> texts;
  for (const auto& step : steps) texts.push_back(step.text);
  EXPECT_THAT(
      texts,
      ElementsAre("no file 52-54-00-00-00-02.ipxe",
                  "profile gone was chosen in the menu, but there is none of that name",
                  "nothing is assigned for one boot", "nothing is assigned",
                  "its entry (pixie.toml:15) names no profile", "no other server is asked (--api)",
                  "rule \"special\" (pixie.toml:16): serial is not known", "it is in no group",
                  "no file default.ipxe", "nothing says what it boots"));
}

RC_GTEST_PROP(Explain, EndsWithWhatDecides, ()) {
  static const auto fleet = load(std::string(fleet_of_all));
  auto identity = machine_52(*rc::gen::element<std::string>("525400123456", "525400000001",
                                                            "525400000002", "525400000003"));
  if (*rc::gen::arbitrary<bool>()) identity.learn(Fact::serial, "S1", Source::claimed);
  const auto name = rc::gen::element<std::string>("", "", "a", "b", "gone");
  const Assignment assignment{.profile = *name, .once = *name, .vars = {}};
  const auto choice = *name;
  const Question question{
      .identity = identity,
      .assignment = *rc::gen::arbitrary<bool>() ? &assignment : nullptr,
      .has_own_script = *rc::gen::inRange(0, 4) == 0,
      .has_default_script = *rc::gen::arbitrary<bool>(),
      .menu_choice = choice,
      .upstream = *rc::gen::inRange(0, 4) == 0 ? Upstream::script : Upstream::none};
  const auto steps = explain(*fleet, question);
  const auto decision = decide(*fleet, question);
  RC_ASSERT(steps.back().because == decision.because);
  for (const auto& step : steps) RC_ASSERT(step.decided == (&step == &steps.back()));
}

class Rendering : public ::testing::Test {
 protected:
  /// The script of profile `p`, or the mistake.
  std::string script(const std::string& profile, std::vector<SourceFile> texts = {}) {
    fleet = load("[profiles.p]\n" + profile + R"(
[groups.g]
vars = { v = "group", g = "group" }
[machines.525400123456]
hostname = "web1"
groups = ["g"]
vars = { v = "machine" }
[[rules]]
name = "all"
profile = "p"
vars = { g = "rule", r = "rule" }
)",
                 std::move(texts));
    const auto decision = decide(*fleet, {.identity = identity, .assignment = &assignment});
    const Variables variables(identity, decision, &assignment, here);
    const auto text = boot_script(*decision.profile, decision, variables, here);
    const auto found = urls_of(*decision.profile, variables, here);
    urls = found.value_or(std::vector<std::string>{});
    return text ? *text : text.error().one_line();
  }

  std::shared_ptr<const Fleet> fleet;
  Identity identity = machine_52();
  Assignment assignment;
  Here here{.server = "http://192.0.2.1:8080", .host = "192.0.2.1", .callback = "http://c/d"};
  std::vector<std::string> urls;
};

TEST_F(Rendering, BootsAKernel) {
  EXPECT_EQ(script(R"(kernel = "/extra/linux"
initrd = ["/extra/initrd.gz", "http://x/y/initrd.gz?a=b", "/extra/my%20firmware"]
cmdline = "auto=true url={{server}}/t/preseed.cfg?mac={{mac}} hostname={{hostname}}")"),
            R"(#!ipxe
# pixie: profile p, because of rule "all"
imgfree
set pixie-step http://192.0.2.1:8080/extra/linux
kernel http://192.0.2.1:8080/extra/linux initrd=initrd.gz initrd=initrd.gz-2 initrd=my_20firmware auto=true url=http://192.0.2.1:8080/t/preseed.cfg?mac=52:54:00:12:34:56 hostname=web1 || goto failed
set pixie-step http://192.0.2.1:8080/extra/initrd.gz
initrd --name initrd.gz http://192.0.2.1:8080/extra/initrd.gz || goto failed
set pixie-step http://x/y/initrd.gz?a=b
initrd --name initrd.gz-2 http://x/y/initrd.gz?a=b || goto failed
set pixie-step http://192.0.2.1:8080/extra/my%20firmware
initrd --name my_20firmware http://192.0.2.1:8080/extra/my%20firmware || goto failed
set pixie-step starting the kernel
boot && exit 0 || goto failed

:failed
echo
echo pixie: profile p does not boot: ${pixie-step} failed. The lines above say why.
prompt --timeout 15000 Press a key for the menu ||
exit 0
)");
  EXPECT_THAT(urls, ElementsAre("http://192.0.2.1:8080/extra/linux",
                                "http://192.0.2.1:8080/extra/initrd.gz", "http://x/y/initrd.gz?a=b",
                                "http://192.0.2.1:8080/extra/my%20firmware",
                                "http://192.0.2.1:8080/t/preseed.cfg?mac=52:54:00:12:34:56"));
}

TEST_F(Rendering, LeavesTheOwnersInitrdArgumentsAlone) {
  EXPECT_THAT(script("kernel = \"/k\"\ninitrd = \"/i\"\ncmdline = \"quiet initrd=i\""),
              HasSubstr("/k quiet initrd=i || goto failed"));
}

TEST_F(Rendering, NamesInitrdsAsTheProgramWantsThem) {
  EXPECT_THAT(script(R"(kernel = "/wimboot"
initrd = [{ url = "/w/boot/bcd", name = "BCD" }, "/w/other"])"),
              HasSubstr("kernel http://192.0.2.1:8080/wimboot initrd=other || goto failed\n"
                        "set pixie-step http://192.0.2.1:8080/w/boot/bcd\n"
                        "initrd --name BCD http://192.0.2.1:8080/w/boot/bcd || goto failed\n"));
  EXPECT_THAT(urls, ElementsAre("http://192.0.2.1:8080/wimboot", "http://192.0.2.1:8080/w/boot/bcd",
                                "http://192.0.2.1:8080/w/other"));
}

TEST_F(Rendering, PutsFilesIntoTheInitramfs) {
  EXPECT_THAT(
      script("kernel = \"/k\"\ninitrd = [\"/i\", { url = \"/p.iso\", path = \"/proxmox.iso\" }]"),
      HasSubstr("\ninitrd --name p.iso http://192.0.2.1:8080/p.iso /proxmox.iso || goto"));
}

TEST_F(Rendering, GoesElsewhere) {
  EXPECT_THAT(
      script("sanboot = \"iscsi:192.0.2.7::::iqn:{{hostname}}\""),
      HasSubstr("\nsanboot --no-describe iscsi:192.0.2.7::::iqn:web1 && exit 0 || goto failed\n"));
  EXPECT_THAT(urls, ElementsAre("iscsi:192.0.2.7::::iqn:web1"));
  EXPECT_THAT(script("chain = \"/ipxe/x.ipxe\""),
              HasSubstr("\nchain --autofree http://192.0.2.1:8080/ipxe/x.ipxe && exit 0 ||"));
  EXPECT_THAT(script("local = true"), HasSubstr("set next leave\nexit 0\n"));
  EXPECT_TRUE(urls.empty());
}

TEST_F(Rendering, FillsAScript) {
  EXPECT_EQ(
      script("script = \"a.ipxe\"",
             {{"a.ipxe", "#!ipxe\n# http://no/\nkernel http://x/${mac} {{v}}\necho {{v}}\n"}}),
      "#!ipxe\n# pixie: profile p, because of rule \"all\"\n# http://no/\n"
      "kernel http://x/${mac} machine\necho machine\n");
  EXPECT_THAT(urls, ElementsAre("http://x/${mac}"));
}

TEST_F(Rendering, TheNearerVariableWins) {
  const std::string profile =
      "kernel = \"/k\"\ncmdline = \"{{v}} {{g}} {{r}} {{q}}\"\n"
      "vars = { v = \"profile\", g = \"profile\", r = \"profile\", q = \"profile\" }";
  EXPECT_THAT(script(profile), HasSubstr("machine group rule profile ||"));
  assignment.vars["v"] = {.content = "assigned"};
  EXPECT_THAT(script(profile), HasSubstr("assigned group rule profile ||"));
  identity = machine_52("02:00:00:00:00:01");
  assignment = {};
  EXPECT_THAT(script(profile), HasSubstr("profile rule rule profile ||"));
}

TEST_F(Rendering, PixiesOwnNamesWinOverAll) {
  assignment.vars["server"] = {.content = "http://elsewhere"};
  EXPECT_THAT(script("kernel = \"/k\"\ncmdline = \"{{server}} {{host}} {{callback}} {{profile}} "
                     "{{mac_hyphens}} {{#each groups}}{{this}}{{/each}} [{{circuit_id}}]\""),
              HasSubstr("http://192.0.2.1:8080 192.0.2.1 http://c/d p 52-54-00-12-34-56 g [] ||"));
}

TEST_F(Rendering, TellsWhereAMistakeStands) {
  EXPECT_THAT(script("kernel = \"/k\"\ncmdline = \"x {{r}}\""), HasSubstr("/k x rule ||"));
  assignment = {.profile = "p", .once = "", .vars = {}};
  EXPECT_THAT(script("kernel = \"/k\"\ncmdline = \"x {{r}}\""), HasSubstr("pixie.toml:3:16: "));
}

TEST_F(Rendering, AValueIsNoSecondCommand) {
  const std::string profile = "kernel = \"/k\"\ncmdline = \"x {{v}}\"\nvars = { v = \"\" }";
  assignment.vars["v"] = {.content = "|| shell"};
  EXPECT_THAT(script(profile), HasSubstr("pixie.toml:3:12: iPXE would end the command"));
  assignment.vars["v"] = {.content = "a\nshell"};
  EXPECT_THAT(script(profile), HasSubstr("pixie.toml:3:"));
  EXPECT_THAT(script("kernel = \"{{v}}\"\nvars = { v = \"\" }"), HasSubstr("pixie.toml:2:"));
  assignment.vars["v"] = {.content = ""};
  EXPECT_THAT(script("kernel = \"{{v}}\"\nvars = { v = \"\" }"), HasSubstr("no URL left"));
}

/// Whatever a machine says of itself, the script has the same commands.
RC_GTEST_PROP(BootScript, HasTheSameCommandsWhateverIsClaimed, ()) {
  static const auto fleet = load(R"([profiles.p]
kernel = "/k/{{product}}"
initrd = "/i/{{serial}}"
cmdline = "{{serial}} a={{hostname}} {{user_class}}"
[[rules]]
profile = "p"
)");
  const auto words = [](const std::string& claim) {
    auto identity = machine_52();
    for (const auto fact : {Fact::product, Fact::serial, Fact::hostname, Fact::user_class})
      identity.learn(fact, claim, Source::claimed);
    const auto decision = decide(*fleet, {.identity = identity});
    const Here here{.server = "http://s", .host = "s", .callback = "c"};
    const Variables variables(identity, decision, nullptr, here);
    const auto script = boot_script(*decision.profile, decision, variables, here);
    RC_ASSERT(script);
    return std::pair(std::ranges::count(*script, ' '), std::ranges::count(*script, '\n'));
  };
  const auto claim =
      'x' + *rc::gen::container<std::string>(rc::gen::elementOf(std::string("a |&;#$\\{}/\"x")));
  RC_PRE(claim.size() <= 256);
  RC_ASSERT(words(claim) == words("x"));
}

}  // namespace
}  // namespace pixie::machines
