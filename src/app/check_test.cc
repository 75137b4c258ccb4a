// `pixie check` and `pixie explain` on folders.
#include "app/check.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/command_line.h"
#include "app/explain.h"

namespace pixie::app {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
namespace fs = std::filesystem;

class ScriptsFolder : public ::testing::Test {
 protected:
  ScriptsFolder() {
    std::string pattern = (fs::temp_directory_path() / "pixie-check-XXXXXX").string();
    folder = mkdtemp(pattern.data());
  }
  ~ScriptsFolder() override { fs::remove_all(folder); }

  void write(const std::string& name, std::string_view content) const {
    fs::create_directories((folder / name).parent_path());
    std::ofstream(folder / name) << content;
  }

  fs::path folder;
};

class CheckCommand : public ScriptsFolder {
 protected:
  std::string checked(bool sound) const {
    std::ostringstream out;
    EXPECT_EQ(check_folder(folder.string(), "", roms::Catalogue(), out), sound);
    return std::move(out).str();
  }
};

TEST_F(CheckCommand, CountsWhatIsSound) {
  write("pixie.toml", "[profiles.a]\nlocal = true\n[[rules]]\nprofile = \"a\"\n");
  write("52-54-00-00-00-01.ipxe", "#!ipxe\n");
  write("other.ipxe", "no script of pixie's");
  EXPECT_EQ(checked(true),
            "pixie.toml: 1 profile, 1 rule, 0 machines; 0 templates, 1 machine's own "
            "script: no mistakes\n");
}

TEST_F(CheckCommand, ShowsMistakesWithACaret) {
  write("pixie.toml", "[profiles.a]\nlocall = true\n");
  EXPECT_THAT(checked(false), HasSubstr("locall = true\n^\n"));
  fs::remove_all(folder);
  EXPECT_THAT(checked(false), HasSubstr("can't be read"));
}

TEST_F(CheckCommand, LooksAtScripts) {
  write("52-54-00-00-00-01.ipxe", "boot\nmore\n");
  write("default.ipxe", "");
  write("52-54-00-00-00-AB.ipxe", "#!ipxe\n");
  write("52-54-00-00-00-1.ipxe", "#!ipxe\n");
  write("52540012-3456-7890-abcd-ef0123456789.ipxe", "#!ipxe\n");
  write("a-b-c.ipxe", "#!ipxe\n");
  const auto told = checked(false);
  EXPECT_THAT(told, HasSubstr("52-54-00-00-00-01.ipxe:1:1: an iPXE script begins with"));
  EXPECT_THAT(told, HasSubstr("default.ipxe:1:1: "));
  EXPECT_THAT(told, HasSubstr("asks for 52-54-00-00-00-ab.ipxe"));
  EXPECT_THAT(told, HasSubstr("52-54-00-00-00-1 is no MAC address"));
  EXPECT_THAT(told, HasSubstr("4 mistakes\n"));
}

TEST_F(CheckCommand, RendersForMachinesWithAnEntry) {
  write("pixie.toml", R"([profiles.a]
kernel = "/k"
cmdline = "{{disk}} url={{server}}/t/p.cfg?mac={{mac}} more={{server}}/t/none"
[machines.525400000001]
profile = "a"
vars = { disk = "vda", mirror = "m" }
[machines.525400000002]
profile = "a"
[machines.525400000003]
profile = "a"
)");
  write("templates/p.cfg", "{{disk}}\n{{mirror}}\n");
  const auto told = checked(false);
  EXPECT_THAT(told, HasSubstr("pixie.toml:3:"));
  EXPECT_THAT(told, HasSubstr("(for 52:54:00:00:00:02 and 1 other)"));
  EXPECT_THAT(told, HasSubstr("there is no templates/none (for 52:54:00:00:00:01)"));
}

TEST_F(CheckCommand, RendersTemplates) {
  write("pixie.toml", R"([profiles.a]
kernel = "/k"
cmdline = "url={{server}}/t/p.cfg?mac={{mac}}"
[groups.g]
vars = { mirror = "m" }
[machines.525400000001]
profile = "a"
)");
  write("templates/p.cfg", "{{mac}}\n{{mirror}}\n");
  EXPECT_THAT(checked(false), HasSubstr("templates/p.cfg:2:"));
}

class ExplainCommand : public ScriptsFolder {
 protected:
  /// What is told, or the error.
  std::string explained(std::string mac, std::map<std::string, std::string> facts = {}) const {
    const auto values = merge({}, {}, {{"scripts", {folder.string(), "--scripts"}}});
    auto settings = interpret(values.value());
    settings->layout.advertised_address = wire::IpAddress::v4(192, 0, 2, 1);
    std::ostringstream out;
    const auto done = explain_machine(
        {std::move(mac), std::move(facts)}, settings.value(),
        [this](const wire::Mac&) { return running; }, out);
    return done ? std::move(out).str()
                : fmt::format("{}: {}", std::to_underlying(done.error().code),
                              done.error().error.text);
  }

  Running running{.server = "http://127.0.0.1:80", .trouble = "does not answer (for a test)"};
};

TEST_F(ExplainCommand, TellsStepsScriptAndFiles) {
  write("pixie.toml", R"([profiles.a]
kernel = "/ipxe/there"
initrd = "/ipxe/not"
cmdline = "a={{server}}/t/p b=http://elsewhere/x c={{server}}/${mac}"
[[rules]]
name = "arm"
arch = "arm64"
profile = "a"
[[rules]]
name = "x86"
arch = "x86_64"
profile = "a"
)");
  write("there", "kernel");
  write("templates/p", "{{mac}}");
  const auto told = explained("52-54-00-00-00-01", {{"arch", "x86_64"}, {"firmware", "uefi"}});
  EXPECT_THAT(told, HasSubstr("Machine 52:54:00:00:00:01\n  arch: x86_64\n"));
  EXPECT_THAT(told, HasSubstr("  ROM: snponly64.efi\n"));
  EXPECT_THAT(told, HasSubstr("  - rule \"arm\" (pixie.toml:5): arch is x86_64, not arm64\n"));
  EXPECT_THAT(told, HasSubstr("  > rule \"x86\" (pixie.toml:9) matches: profile a\n"));
  EXPECT_THAT(told, HasSubstr("\nkernel http://192.0.2.1/ipxe/there initrd=not a="));
  EXPECT_THAT(told, HasSubstr("  http://192.0.2.1/ipxe/there  ok\n"));
  EXPECT_THAT(told, HasSubstr("  http://192.0.2.1/ipxe/not  NOT THERE\n"));
  EXPECT_THAT(told, HasSubstr("  http://192.0.2.1/t/p  ok\n"));
  EXPECT_THAT(told, HasSubstr("  http://elsewhere/x  (elsewhere)\n"));
  EXPECT_THAT(told, HasSubstr("  http://192.0.2.1/${mac}  (iPXE fills it in)\n"));
}

TEST_F(ExplainCommand, TellsOfScriptsThatWin) {
  write("52-54-00-00-00-01.ipxe", "#!ipxe\necho own\n");
  write("default.ipxe", "#!ipxe\necho all\n");
  EXPECT_THAT(explained("525400000001"), HasSubstr("\necho own\n"));
  EXPECT_THAT(explained("525400000002"), HasSubstr("\necho all\n"));
  for (const auto* name : {"52-54-00-00-00-01.ipxe", "default.ipxe"}) {
    fs::remove(folder / name);
    fs::create_symlink("/etc/hostname", folder / name);
  }
  EXPECT_THAT(explained("525400000001"), HasSubstr("01.ipxe is a symbolic link that leads out"));
  EXPECT_THAT(explained("525400000002"),
              HasSubstr("\nIts script\ndefault.ipxe is a symbolic link that leads out"));
}

TEST_F(ExplainCommand, CountsInWhatTheRunningPixieKnows) {
  write("pixie.toml", R"([profiles.a]
kernel = "/k"
cmdline = "disk={{disk}} serial={{serial}} arch={{arch}}"
[profiles.a.vars]
disk = "/dev/sda"
[[rules]]
profile = "a"
)");
  auto told = explained("525400000001");
  EXPECT_THAT(told, HasSubstr("\n  not the pixie at http://127.0.0.1:80, which does not answer"));
  EXPECT_THAT(told, HasSubstr("disk=/dev/sda serial= arch="));
  running.trouble.clear();
  EXPECT_THAT(explained("525400000001"), HasSubstr("what is assigned: nothing\n"));
  running.assignment = machines::Assignment{"a", "", {{"disk", {"/dev/vda"}}}};
  running.seen.learn(machines::Fact::serial, "S1", machines::Source::claimed);
  running.seen.learn(machines::Fact::arch, "arm64", machines::Source::observed);
  told = explained("525400000001", {{"arch", "x86_64"}});
  EXPECT_THAT(told, HasSubstr("assigned: profile a, variables {\"disk\":\"/dev/vda\"}\n"));
  EXPECT_THAT(told, HasSubstr("  > profile a is assigned\n"));
  EXPECT_THAT(told, HasSubstr("disk=/dev/vda serial=S1 arch=x86_64"));
}

TEST_F(ExplainCommand, RefusesWhatItCantAnswer) {
  EXPECT_THAT(explained("x"), StartsWith("2: explain: 'x' is no MAC address"));
  EXPECT_THAT(explained("525400000001", {{"ip", "x"}}), StartsWith("2: --ip: 'x' can't be one"));
  write("pixie.toml", "[profiles.a]\n");
  EXPECT_THAT(explained("525400000001"), StartsWith("1: pixie.toml:1:"));
}

TEST(FleetCommands, AreParsed) {
  const char* const explain[] = {"pixie", "explain", "52:54:00:00:00:01", "--circuit-id", "x",
                                 "-d",    "/"};
  const auto line = parse_command_line(7, explain);
  ASSERT_TRUE(line) << line.error().text;
  EXPECT_EQ(line->command, Command::explain);
  EXPECT_EQ(line->explain.facts.at("circuit-id"), "x");
  EXPECT_EQ(line->values.at("scripts").text, "/");
  const char* const check[] = {"pixie", "check", "folder"};
  const auto other = parse_command_line(3, check);
  ASSERT_TRUE(other);
  EXPECT_EQ(other->command, Command::check);
  EXPECT_EQ(other->operand, "folder");
}

}  // namespace
}  // namespace pixie::app
