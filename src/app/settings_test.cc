#include "app/settings.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "app/command_line.h"
#include "app/manual.h"
#include "app/settings_table.h"

namespace pixie::app {
namespace {

std::string error_of(const auto& expected) { return expected ? "" : expected.error().text; }

Expected<CommandLine> parse(std::vector<const char*> words) {
  words.insert(words.begin(), "pixie");
  return parse_command_line(static_cast<int>(words.size()), words.data());
}

TEST(CommandLine, KeepsTheLongEstablishedFlags) {
  const auto line =
      parse({"-t", "127.0.0.1:6969", "-u", ":8080", "-d", "/srv", "--extra", "/x", "-v", "debug"});
  ASSERT_TRUE(line) << error_of(line);
  EXPECT_EQ(line->command, Command::serve);
  EXPECT_EQ(line->values.at("tftp").text, "127.0.0.1:6969");
  EXPECT_EQ(line->values.at("http").text, ":8080");
  EXPECT_EQ(line->values.at("scripts").text, "/srv");
  EXPECT_EQ(line->values.at("extra").text, "/x");
  EXPECT_EQ(line->values.at("verbosity").text, "debug");
}

TEST(CommandLine, JoinsListsAndLeavesCommasInNamesAlone) {
  const auto line = parse(
      {"-t", "127.0.0.1:1", "-t", "[::1]:1", "-d", "/a,b", "--tftp-no-options", "10.0.0.0/8,::1"});
  ASSERT_TRUE(line) << error_of(line);
  EXPECT_EQ(line->values.at("tftp").text, "127.0.0.1:1,[::1]:1");
  EXPECT_EQ(line->values.at("scripts").text, "/a,b");
  EXPECT_EQ(line->values.at("tftp-no-options").text, "10.0.0.0/8,::1");
}

TEST(CommandLine, HelpsOnEachCommandWhateverItStillLacks) {
  EXPECT_EQ(parse({"-h"})->help_on, "");
  const std::vector<std::vector<const char*>> lines{
      {"roms"},          {"roms", "export"},   {"dhcp-config"},
      {"doctor"},        {"doctor", "probe"},  {"storm"},
      {"check"},         {"explain"},          {"images"},
      {"images", "cat"}, {"machine"},          {"machine", "once"},
      {"mirror"},        {"mirror", "fetch"},  {"fetch"},
      {"sandbox"},       {"sandbox", "write"}, {"tls", "init"},
      {"man"},
  };
  for (auto words : lines) {
    words.push_back("--help");
    const auto line = parse(words);
    ASSERT_TRUE(line) << words.front() << ": " << error_of(line);
    EXPECT_EQ(line->command, Command::help);
    EXPECT_EQ(line->help_on, words.front());
    EXPECT_TRUE(help_text(line->help_on).contains(fmt::format("\n  pixie {}", words.front())));
  }
  EXPECT_FALSE(help_text("man").contains("machine"));
  EXPECT_TRUE(error_of(parse({"explain"})).contains("pixie explain --help"));
}

TEST(CommandLine, KnowsItsCommands) {
  EXPECT_EQ(parse({"-h"})->command, Command::help);
  EXPECT_EQ(parse({"--version"})->command, Command::version);
  EXPECT_EQ(parse({"--print-config"})->command, Command::print_config);
  EXPECT_EQ(parse({"man"})->command, Command::manual);
  EXPECT_EQ(parse({"man", "--markdown"})->command, Command::manual_markdown);
  const auto dhcp = parse({"dhcp-config", "kea", "--address", "192.0.2.7", "-u", ":8080"});
  ASSERT_TRUE(dhcp) << error_of(dhcp);
  EXPECT_EQ(dhcp->command, Command::dhcp_config);
  EXPECT_EQ(dhcp->operand, "kea");
  EXPECT_EQ(dhcp->address, "192.0.2.7");
  EXPECT_EQ(dhcp->values.at("http").text, ":8080");
  EXPECT_EQ(parse({"roms"})->command, Command::roms_list);
  EXPECT_TRUE(parse({"roms", "--long"})->long_listing);
  EXPECT_TRUE(parse({"roms", "list", "--long"})->long_listing);
  EXPECT_EQ(parse({"roms", "verify", "--roms", "/r"})->values.at("roms").text, "/r");
  const auto written = parse({"roms", "export", "/out", "--force"});
  EXPECT_EQ(written->command, Command::roms_export);
  EXPECT_EQ(written->operand, "/out");
  EXPECT_TRUE(written->force);
  EXPECT_EQ(parse({"--roms", "/r", "roms", "import", "x.tar.gz"})->operand, "x.tar.gz");
}

TEST(CommandLine, SaysWhatItDoesNotKnow) {
  EXPECT_TRUE(error_of(parse({"--mnu-timeout", "3"}))
                  .contains("there is no option --mnu-timeout; did you mean "
                            "'menu-timeout'?"));
  EXPECT_TRUE(error_of(parse({"rom"})).contains("there is no command 'rom'; did you mean 'roms'?"));
  EXPECT_TRUE(error_of(parse({"dhcpconfig", "kea"})).contains("did you mean 'dhcp-config'?"));
  EXPECT_NE(error_of(parse({"--menu-timeout"})), "");
  EXPECT_NE(error_of(parse({"roms", "export"})), "");
}

TEST(Merge, LetsTheNearerSourceWin) {
  const Values file{
      {"menu-timeout", {"1", "f"}}, {"user", {"file", "f"}}, {"tftp", {"0.0.0.0:1", "f"}}};
  const Values environment{{"menu-timeout", {"2", "e"}}, {"user", {"env", "e"}}};
  const Values flags{{"menu-timeout", {"3", "--menu-timeout"}}};
  const auto merged = merge(file, environment, flags);
  ASSERT_TRUE(merged) << error_of(merged);
  EXPECT_EQ(merged->at("menu-timeout").text, "3");
  EXPECT_EQ(merged->at("user").text, "env");
  EXPECT_EQ(merged->at("tftp").text, "0.0.0.0:1");
  EXPECT_EQ(merged->at("http").origin, "default");
}

TEST(Merge, NamesTheOriginOfWhatIsWrong) {
  const auto wrong = [](const char* name, const char* text) {
    return error_of(merge({}, {}, {{name, {text, "HERE"}}}));
  };
  EXPECT_EQ(wrong("menu-timeout", "soon"),
            "HERE: expected a whole number from 0 to 86400, not 'soon'");
  EXPECT_EQ(wrong("menu-timeout", "-1"), "HERE: expected a whole number from 0 to 86400, not '-1'");
  EXPECT_EQ(wrong("tftp-max-blksize", "100"),
            "HERE: expected a whole number from 512 to 65464, not '100'");
  EXPECT_EQ(wrong("tftp", "here"),
            "HERE: expected ADDRESS:PORT, such as 0.0.0.0:69 or [::]:69, not 'here'");
  EXPECT_EQ(wrong("verbosity", "LOUD"),
            "HERE: expected one of ERROR, WARNING, INFO, DEBUG, not 'LOUD'");
  EXPECT_EQ(wrong("tftp-single-port", "yes"), "HERE: expected true or false, not 'yes'");
  EXPECT_EQ(wrong("advertise", "a.example"), "HERE: expected an IP address, not 'a.example'");
}

TEST(Environment, PrefersThePrefixedName) {
  const auto values = values_from_environment([](const char* name) -> const char* {
    const std::string_view asked = name;
    if (asked == "TFTP") return "1.1.1.1:69";
    if (asked == "PIXIE_TFTP") return "2.2.2.2:69";
    if (asked == "LEVEL") return "ERROR";
    if (asked == "PIXIE_MENU_TIMEOUT") return "5";
    return nullptr;
  });
  EXPECT_EQ(values.at("tftp").text, "2.2.2.2:69");
  EXPECT_EQ(values.at("tftp").origin, "PIXIE_TFTP");
  EXPECT_EQ(values.at("verbosity").text, "ERROR");
  EXPECT_EQ(values.at("menu-timeout").text, "5");
  EXPECT_EQ(values.size(), 3U);
}

TEST(File, TakesEachTypeAndListsOfAddresses) {
  const auto values = values_from_toml(
      "menu-timeout = 3\ntftp-single-port = true\ntftp = [\"0.0.0.0:69\", \"[::1]:69\"]\nuser = "
      "\"me\"\n",
      "c.toml");
  ASSERT_TRUE(values) << error_of(values);
  EXPECT_EQ(values->at("menu-timeout").text, "3");
  EXPECT_EQ(values->at("tftp-single-port").text, "true");
  EXPECT_EQ(values->at("tftp").text, "0.0.0.0:69,[::1]:69");
  EXPECT_EQ(values->at("user").origin, "c.toml:4:1");
}

TEST(File, PointsAtWhatIsWrong) {
  const auto wrong = [](std::string_view text) {
    return error_of(values_from_toml(text, "c.toml"));
  };
  EXPECT_EQ(wrong("user = \"a\"\nmenu_timeout = 3"),
            "c.toml:2:1: there is no setting 'menu_timeout'; did you mean 'menu-timeout'?");
  EXPECT_EQ(wrong("menu-timeout = \"x\""),
            "c.toml:1:16: expected a whole number from 0 to 86400, not 'x'");
  EXPECT_TRUE(wrong("user = ").starts_with("c.toml:1:8: "));
  EXPECT_TRUE(wrong("[user]\na = 1").starts_with("c.toml:1:"));
}

TEST(File, ReadsBackWhatItWrote) {
  const auto merged = merge({}, {{"user", {"a \"b\" \\c", "e"}}, {"menu-timeout", {"7", "e"}}}, {});
  ASSERT_TRUE(merged);
  const auto again = values_from_toml(to_toml(*merged), "printed");
  ASSERT_TRUE(again) << error_of(again);
  for (const auto& [name, value] : *merged) EXPECT_EQ(again->at(name).text, value.text) << name;
}

TEST(Interpret, ComplainsAboutAFolderThatIsNotThere) {
  const auto merged = merge({}, {}, {{"scripts", {"/no/such/folder", "--scripts"}}});
  EXPECT_TRUE(error_of(interpret(*merged))
                  .starts_with("--scripts: the folder /no/such/folder can't be used: No such"));
}

TEST(Interpret, SendsMachinesToTheOneHttpAddress) {
  const auto any = interpret(*merge({}, {}, {}));
  ASSERT_TRUE(any);
  EXPECT_TRUE(any->layout.advertised_address.is_unspecified());
  const auto one = interpret(*merge({}, {}, {{"http", {"192.0.2.9:8080", "f"}}}));
  EXPECT_EQ(one->layout.advertised_address.text(), "192.0.2.9");
  EXPECT_EQ(one->layout.http_port, 8080);
}

TEST(Manual, TellsEverySettingEverywhere) {
  const auto help = help_text();
  const auto page = manual_page();
  const auto table = settings_markdown();
  for (const auto& setting : settings_table()) {
    EXPECT_TRUE(help.contains(fmt::format("--{}", setting.name))) << setting.name;
    EXPECT_TRUE(help.contains(environment_name(setting))) << setting.name;
    EXPECT_TRUE(table.contains(fmt::format("--{}", setting.name))) << setting.name;
    EXPECT_TRUE(setting.help.ends_with('.')) << setting.name;
    EXPECT_TRUE(check_value(setting, setting.fallback)) << setting.name;
  }
  EXPECT_TRUE(page.contains("menu\\-timeout"));
  for (std::size_t start = 0; start < help.size();) {
    const auto end = help.find('\n', start);
    EXPECT_LE(end - start, 100U) << help.substr(start, end - start);
    start = end + 1;
  }
}

TEST(Suggestion, IsNearOrNothing) {
  EXPECT_EQ(suggestion("script"), "; did you mean 'scripts'?");
  EXPECT_EQ(suggestion("zzzzzzzz"), "");
  EXPECT_EQ(suggestion(std::string(1000, 'a')), "");
}

}  // namespace
}  // namespace pixie::app
