#include "machines/fleet.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "machines/testing.h"

namespace pixie::machines {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::load;
using testing::mistakes;

constexpr std::string_view whole = R"(
[menu]
title = "Lab"
timeout = 10

[profiles.debian12]
title = "Debian 12, unattended"
menu = true
menu-group = "Installers"
kernel = "/extra/debian/linux"
initrd = ["/extra/debian/initrd.gz", "/extra/firmware.cpio"]
cmdline = "auto=true url={{server}}/t/preseed.cfg?mac={{mac}} disk={{disk}}"
[profiles.debian12.vars]
mirror = "mirror.example.org"
when = 2026-11-24
list = [1, 2.5, true, { a = "b" }]

[profiles.rescue]
script = "rescue.ipxe"
[profiles.disk]
local = true
[profiles.other]
chain = "http://192.0.2.7/menu.ipxe"
[profiles.san]
sanboot = "iscsi:192.0.2.7::::iqn.2026-11.example:{{hostname}}"

[groups.web]
profile = "debian12"

[machines."52-54-00-12-34-56"]
hostname = "web1"
groups = ["web"]
profile = "rescue"
[machines."52-54-00-12-34-56".vars]
disk = "/dev/vda"

[[rules]]
name = "rack 1"
oui = "52:54:00"
arch = "x86_64"
firmware = ["uefi", "http"]
subnet = "10.1.0.0/24"
group = "web"
vlan = 12
profile = "debian12"
[[rules]]
profile = "disk"
)";

TEST(Fleet, HoldsWhatIsWritten) {
  const auto fleet = load(std::string(whole), {{"rescue.ipxe", "#!ipxe\necho {{mac}}\n"},
                                               {"templates/preseed.cfg", "mirror {{mirror}}\n"},
                                               {"templates/sub/x", ""}});
  EXPECT_EQ(fleet->menu().title, "Lab");
  EXPECT_EQ(fleet->menu().timeout_seconds, 10U);
  const auto* debian = fleet->profile("debian12");
  ASSERT_TRUE(debian);
  EXPECT_EQ(debian->title, "Debian 12, unattended");
  EXPECT_TRUE(debian->menu);
  EXPECT_EQ(debian->menu_group, "Installers");
  EXPECT_EQ(debian->place.line, 6U);
  EXPECT_EQ(std::get<KernelTarget>(debian->target).initrds.size(), 2U);
  EXPECT_EQ(std::get<std::string>(debian->vars.at("when").content), "2026-11-24");
  EXPECT_EQ(std::get<script::List>(debian->vars.at("list").content).size(), 4U);
  EXPECT_EQ(fleet->profile("rescue")->title, "rescue");
  EXPECT_TRUE(std::holds_alternative<LocalTarget>(fleet->profile("disk")->target));
  EXPECT_FALSE(fleet->profile("none"));

  const auto* machine = fleet->machine(*wire::Mac::parse("525400123456"));
  ASSERT_TRUE(machine);
  EXPECT_EQ(machine->hostname, "web1");
  EXPECT_THAT(machine->groups, ElementsAre(&fleet->groups().at("web")));
  EXPECT_TRUE(fleet->text("preseed.cfg"));
  EXPECT_THAT(fleet->text_names(), ElementsAre("preseed.cfg", "sub/x"));

  ASSERT_EQ(fleet->rules().size(), 2U);
  const auto& rule = fleet->rules()[0];
  EXPECT_EQ(rule.name, "rack 1");
  ASSERT_EQ(rule.conditions.size(), 6U);
  EXPECT_EQ(rule.conditions[0].fact, Fact::mac);
  EXPECT_THAT(rule.conditions[0].patterns, ElementsAre("52:54:00:*"));
  EXPECT_EQ(rule.conditions[3].networks.size(), 1U);
  EXPECT_FALSE(rule.conditions[4].fact);
  EXPECT_THAT(rule.conditions[5].patterns, ElementsAre("12"));
  EXPECT_EQ(fleet->rules()[1].name, "rule 2");
}

TEST(Fleet, OfNothingIsEmpty) {
  EXPECT_TRUE(Fleet().rules().empty());
  EXPECT_TRUE(load("")->profiles().empty());
  EXPECT_TRUE((*Fleet::load({}))->machines().empty());
}

TEST(Fleet, TellsEveryMistakeInOrder) {
  EXPECT_THAT(
      mistakes(R"([profiles.a]
kernel = "/k"
script = "x.ipxe"
colour = 1
[profiles.b]
titel = "B"
local = true
[machines.nonsense]
profile = "c"
[[rules]]
name = 3
mak = "52:54:00:*"
profile = "a"
[rulez]
)"),
      ElementsAre("pixie.toml:3:10: a profile has exactly one of kernel, script, sanboot, "
                  "chain, or local = true; this one has kernel already",
                  "pixie.toml:4:1: a profile has no 'colour'",
                  "pixie.toml:6:1: a profile has no 'titel'; did you mean 'title'?",
                  "pixie.toml:8:11: a machine is named by its MAC address, such as "
                  "\"52:54:00:12:34:56\", not 'nonsense'",
                  HasSubstr("pixie.toml:9:11: there is no profile 'c'"),
                  "pixie.toml:11:8: a text is wanted here, in quotes, not a number",
                  "pixie.toml:12:1: a rule has no 'mak'; did you mean 'mac'?",
                  "pixie.toml:14:2: a file of settings has no 'rulez'; did you mean 'rules'?"));
}

TEST(Fleet, FilesFollowEachOther) {
  const Sources two{.settings = {{"pixie.toml", "[profiles.a]\nlocal = true\n"},
                                 {"pixie.d/b.toml", "[[rules]]\nprofile = \"a\"\n"}},
                    .texts = {}};
  EXPECT_THAT(mistakes(two), IsEmpty());
  const Sources wrong{
      .settings = {{"pixie.toml", "[profiles.a]\nlocal = true\n[groups.g]\nprofile = \"b\"\n"},
                   {"pixie.d/a.toml", "[profiles.a]\nlocal = true\n"},
                   {"pixie.d/b.toml", "a = \n"}},
      .texts = {}};
  EXPECT_THAT(mistakes(wrong),
              ElementsAre("pixie.toml:4:11: there is no profile 'b'; did you mean 'a'?",
                          "pixie.d/a.toml:1:11: the profile 'a' is written twice; it stands in "
                          "pixie.toml:1 already",
                          HasSubstr("pixie.d/b.toml:1:5: ")));
}

TEST(Fleet, PlacesMistakesWithinTemplates) {
  EXPECT_THAT(
      mistakes("[profiles.a]\nkernel = \"/é/{{mak}}\"\n"),
      ElementsAre(HasSubstr("pixie.toml:2:17: nothing defines {{mak}}; did you mean 'mac'?")));
  EXPECT_THAT(mistakes("[profiles.a]\nkernel = \"/k\"\ncmdline = \"a {{#if b}}\"\n"),
              ElementsAre(HasSubstr("pixie.toml:3:14: ")));
  // With an escape the column is the value's.
  EXPECT_THAT(mistakes("[profiles.a]\nkernel = \"/\\u0041/{{mak}}\"\n"),
              ElementsAre(HasSubstr("pixie.toml:2:10: nothing defines")));
  EXPECT_THAT(mistakes("[profiles.a]\nscript = \"a.ipxe\"\n",
                       {{"a.ipxe", "#!ipxe\necho {{nmae}}\n"}, {"templates/t", "{{x}}"}}),
              ElementsAre(HasSubstr("a.ipxe:2:"), HasSubstr("templates/t:1:")));
}

TEST(Fleet, KnowsVariablesOfAllPlaces) {
  EXPECT_THAT(mistakes(R"([profiles.a]
local = true
vars = { a1 = 1 }
[groups.g]
vars = { b1 = { inner = 2 } }
[machines."525400000001"]
vars = { c1 = 3 }
[[rules]]
profile = "a"
vars = { d1 = 4 }
)",
                       {{"templates/t",
                         "{{a1}}{{b1.inner}}{{c1}}{{d1}}{{mac}}{{circuit_id}}{{callback}}"
                         "{{#if unknown}}{{unknown}}{{/if}}{{#each groups}}{{this}}{{/each}}"}}),
              IsEmpty());
}

TEST(Fleet, RefusesVariablesThatNobodyCouldAskFor) {
  EXPECT_THAT(mistakes("[groups.g]\nvars = { mac = 1, \"a b\" = 2, this = 3, serial = 4 }\n"),
              ElementsAre(HasSubstr("2:10: 'mac' is always"), HasSubstr("2:19: 'a b' can't be"),
                          HasSubstr("'this' can't be"), HasSubstr("'serial' is always")));
}

TEST(Fleet, RefusesASecondCommand) {
  const auto cmdline = [](std::string_view text) {
    return mistakes("[profiles.a]\nkernel = \"/k\"\ncmdline = \"" + std::string(text) + "\"\n");
  };
  EXPECT_THAT(cmdline("quiet || shell"),
              ElementsAre(HasSubstr("3:18: iPXE would end the command")));
  EXPECT_THAT(cmdline("quiet #remark"), ElementsAre(HasSubstr("'#remark'")));
  EXPECT_THAT(cmdline("a ; b"), ElementsAre(HasSubstr("';'")));
  EXPECT_THAT(cmdline("a && b"), ElementsAre(HasSubstr("'&&'")));
  EXPECT_THAT(cmdline("a\\nshell"), ElementsAre(HasSubstr("control characters")));
  EXPECT_THAT(cmdline("a=b||c#d;e {{#if x}}y{{/if}} ${net0/mac}"), IsEmpty());
  EXPECT_THAT(mistakes("[profiles.a]\nkernel = \"/k quiet\"\n"),
              ElementsAre(HasSubstr("2:13: a URL")));
}

TEST(Fleet, ChecksTargets) {
  const auto profile = [](std::string_view keys) {
    return mistakes("[profiles.a]\n" + std::string(keys),
                    {{"good.ipxe", "#!ipxe\n"}, {"bad.ipxe", "echo\n"}});
  };
  EXPECT_THAT(profile("script = \"good.ipxe\""), IsEmpty());
  EXPECT_THAT(profile("script = \"bad.ipxe\""), ElementsAre(HasSubstr("bad.ipxe:1:1: ")));
  EXPECT_THAT(profile("script = \"none.ipxe\""),
              ElementsAre("pixie.toml:2:10: none.ipxe is not in the scripts folder"));
  for (const auto* name : {"../x", "/x", "a//b", "a/../b", "./a", "a/", "a\\\\b"}) {
    EXPECT_THAT(profile("script = \"" + std::string(name) + "\""),
                ElementsAre(HasSubstr("without ..")))
        << name;
  }
  EXPECT_THAT(profile("local = false"),
              ElementsAre(HasSubstr("pixie.toml:1:11: a profile has exactly")));
  EXPECT_THAT(profile("local = true\ninitrd = \"/i\""),
              ElementsAre(HasSubstr("3:10: 'initrd' goes")));
  EXPECT_THAT(profile("kernel = \"\""), ElementsAre(HasSubstr("empty")));
  EXPECT_THAT(profile("kernel = \"/k\"\ninitrd = { url = \"/i\", name = \"BCD\" }"), IsEmpty());
  EXPECT_THAT(profile("kernel = \"/k\"\ninitrd = [{ name = \"b c\", urls = \"/i\" }]"),
              ElementsAre(HasSubstr("an initrd is a URL"), HasSubstr("'b c' can't be"),
                          HasSubstr("did you mean 'url'?")));
  EXPECT_THAT(profile("kernel = \"/k\"\ninitrd = [{ url = \"/a\", name = \"i\" }, { url = \"/b\", "
                      "name = \"i\" }]"),
              ElementsAre(HasSubstr("another initrd is named 'i'")));
  EXPECT_THAT(mistakes("[profiles.\"a/b\"]\nlocal = true"),
              ElementsAre(HasSubstr("a profile's name")));
}

TEST(Fleet, ChecksPatterns) {
  const auto rule = [](std::string_view keys) {
    return mistakes("[profiles.a]\nlocal = true\n[[rules]]\nprofile = \"a\"\n" + std::string(keys));
  };
  EXPECT_THAT(rule("mac = \"52:54:0x:*\""), ElementsAre(HasSubstr("5:7: '52:54:0x:*' is no MAC")));
  EXPECT_THAT(rule("mac = [\"525400123456\", \"52-54-*\"]\noui = \"52-54-00\""), IsEmpty());
  EXPECT_THAT(rule("oui = \"52:54\""), ElementsAre(HasSubstr("first half")));
  EXPECT_THAT(rule("arch = \"x86_46\""), ElementsAre(HasSubstr("did you mean 'x86_64'?")));
  EXPECT_THAT(rule("firmware = \"efi\""), ElementsAre(HasSubstr("did you mean 'uefi'?")));
  EXPECT_THAT(rule("ip = \"10.*\""), ElementsAre(HasSubstr("no address or network")));
  EXPECT_THAT(rule("group = \"web\""), ElementsAre(HasSubstr("there is no group 'web'")));
  EXPECT_THAT(rule("serial = []"), ElementsAre(HasSubstr("empty list")));
  EXPECT_THAT(mistakes("[[rules]]\nmac = \"*\""), ElementsAre(HasSubstr("1:1: a rule says what")));
}

TEST(Fleet, OfManyMistakesTellsTheFirst) {
  std::string toml;
  for (int i = 0; i < 3000; ++i) toml += "[groups.g" + std::to_string(i) + "]\nx = 1\n";
  const auto told = mistakes(toml);
  EXPECT_EQ(told.size(), 1001U);
  EXPECT_THAT(told.back(), HasSubstr("there are 2000 more mistakes"));
}

TEST(Examine, TellsTheFirstConditionThatDoesNotHold) {
  const auto fleet = load(std::string(whole), {{"rescue.ipxe", "#!ipxe\n"}});
  auto identity = testing::machine_52();
  const auto reason = [&] { return examine(*fleet, fleet->rules()[0], identity).reason; };
  EXPECT_EQ(reason(), "arch is not known");
  identity.learn(Fact::arch, "arm64", Source::claimed);
  EXPECT_EQ(reason(), "arch is arm64, not x86_64");
  identity.learn(Fact::arch, "x86_64", Source::claimed);
  identity.learn(Fact::firmware, "bios", Source::claimed);
  EXPECT_EQ(reason(), "firmware is bios, not uefi or http");
  identity.learn(Fact::firmware, "uefi", Source::claimed);
  identity.learn(Fact::ip, "10.1.1.1", Source::claimed);
  EXPECT_EQ(reason(), "ip is 10.1.1.1, not 10.1.0.0/24");
  identity.learn(Fact::ip, "10.1.0.1", Source::claimed);
  EXPECT_EQ(reason(), "vlan is not known");
  EXPECT_EQ(fleet->match(identity), &fleet->rules()[1]);
  identity.learn(Fact::vlan, "12", Source::observed);
  EXPECT_TRUE(examine(*fleet, fleet->rules()[0], identity).matches);
  EXPECT_EQ(fleet->match(identity), &fleet->rules()[0]);
  identity.learn(Fact::mac, "52:54:00:00:00:01", Source::configured);
  EXPECT_EQ(reason(), "it is not in group web");
}

}  // namespace
}  // namespace pixie::machines
