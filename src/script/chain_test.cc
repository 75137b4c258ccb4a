#include "script/chain.h"

#include <set>
#include <sstream>

#include <gtest/gtest.h>

namespace pixie::script {
namespace {

const Chain plain{
    .host = "192.0.2.1", .url = "http://192.0.2.1", .tftp_port = 69, .menu_timeout_ms = 10000};

TEST(ChainScript, NamesTheServerAsTheClientReachedIt) {
  EXPECT_TRUE(chain_script(plain).contains("set pixie http://192.0.2.1\n"));
  const Chain other{.host = "[2001:db8::1]",
                    .url = "https://[2001:db8::1]:8443",
                    .tftp_port = 6969,
                    .menu_timeout_ms = 0};
  EXPECT_TRUE(chain_script(other).contains("set pixie https://[2001:db8::1]:8443\n"));
  EXPECT_TRUE(chain_script(other).contains("set pixie tftp://[2001:db8::1]:6969 ||\n"));
  EXPECT_TRUE(chain_script(other).contains("set menu-timeout:int32 0\n"));
}

TEST(ChainScript, LeavesNoTemplateMarkAndKeepsWhatIpxeExpands) {
  const auto text = chain_script(plain);
  EXPECT_TRUE(text.starts_with("#!ipxe\n"));
  EXPECT_FALSE(text.contains("{{"));
  EXPECT_TRUE(text.contains("set script ipxe/${mac:hexhyp}.ipxe\n"));
  EXPECT_TRUE(text.contains("chain --autofree ${pixie}/${script}${query} "));
}

TEST(ChainScript, OffersTheOwnersProfilesUnderTheirHeadings) {
  auto chain = plain;
  chain.items = {.title = "Lab",
                 .timeout_ms = 3000,
                 .own = "Debian 12",
                 .profiles = {{"rescue", "Rescue", ""},
                              {"debian", "Debian ${bad}\nshell", "Installers"},
                              {"fedora", "Fedora", "Installers"}}};
  const auto text = chain_script(chain);
  EXPECT_TRUE(text.contains("menu Lab: what shall ${mac} boot?\n"));
  EXPECT_TRUE(text.contains("item --key o own o  Debian 12 (this machine's own)\n"));
  EXPECT_TRUE(
      text.contains("item choice-0    Rescue\nitem --gap Installers\n"
                    "item choice-1    Debian  {bad} shell\nitem choice-2    Fedora\n"))
      << text;
  EXPECT_TRUE(
      text.contains(":choice-2\nset script profiles/fedora/${mac:hexhyp}.ipxe\ngoto ask\n"));
  EXPECT_TRUE(text.contains("set menu-timeout:int32 3000\n"));
}

TEST(ChainScript, OffersAMachineWhatFitsIt) {
  auto chain = plain;
  chain.items.profiles = {{"memtest", "Memtest86+", "Images", {.firmware = {"bios"}}},
                          {"memtest-uefi", "Memtest86+", "Images", {.firmware = {"uefi"}}},
                          {"other", "Other", "Images", {.firmware = {"bios"}}},
                          {"any", "For any", "Tools"},
                          {"arm", "For arm", "Tools", {.arch = {"arm64"}}}};
  const auto text = chain_script(chain);
  EXPECT_TRUE(
      text.contains("\nclear fit-0 ||\niseq ${platform} pcbios && set fit-0 yes ||\n"
                    "clear fit-1 ||\niseq ${platform} efi && set fit-1 yes ||\n"
                    "clear fit-2 ||\n"))
      << text;
  EXPECT_LT(text.find("clear fit-2"), text.find("goto "));
  EXPECT_TRUE(
      text.contains("isset ${fit-0}${fit-1} && item --gap Images ||\n"
                    "isset ${fit-0} && item choice-0    Memtest86+ ||\n"
                    "isset ${fit-1} && item choice-1    Memtest86+ ||\n"
                    "isset ${fit-0} && item choice-2    Other ||\n"
                    "item --gap Tools\nitem choice-3    For any\n"
                    "isset ${fit-2} && item choice-4    For arm ||\n"))
      << text;
}

TEST(ChainScript, NoTitleEndsItsCommand) {
  auto chain = plain;
  chain.items.profiles = {{"a", "A || shell ; #1 && b", "#2 ||"}};
  EXPECT_TRUE(chain_script(chain).contains("item --gap 2 \nitem choice-0    A  shell  1  b\n"))
      << chain_script(chain);
}

TEST(ChainScript, JumpsOnlyToLabelsThatExistAndNeverFallsIntoAnEntry) {
  auto chain = plain;
  chain.items.profiles = {{"rescue", "Rescue", ""}, {"debian", "Debian", "Installers"}};
  std::istringstream lines(chain_script(chain));
  const std::set<std::string> entries{"own", "choice-0", "choice-1", "netboot", "shell", "leave"};
  std::set<std::string> labels, targets = entries;
  std::string previous;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(':')) {
      labels.insert(line.substr(1));
      if (entries.contains(line.substr(1))) {
        EXPECT_TRUE(previous.starts_with("goto ") || previous.contains("|| goto "))
            << previous << " before " << line;
      }
    }
    for (auto at = line.find("goto "); at != std::string::npos; at = line.find("goto ", at + 1)) {
      const auto target = line.substr(at + 5, line.find(' ', at + 5) - at - 5);
      if (target != "${target}") targets.insert(target);
    }
    if (!line.empty()) previous = line;
  }
  for (const auto& target : targets) EXPECT_TRUE(labels.contains(target)) << target;
}

TEST(NoScriptMessage, NamesTheMachineAndTheServer) {
  const auto text = no_script_message(*wire::Mac::parse("52:54:00:AB:cd:01"), "192.0.2.1");
  EXPECT_TRUE(text.starts_with("#!ipxe\n"));
  EXPECT_TRUE(text.contains("This machine, 52-54-00-ab-cd-01, has no script yet."));
  EXPECT_TRUE(text.contains("192.0.2.1"));
  EXPECT_FALSE(text.contains("{{"));
}

TEST(NoScriptMessage, IsRecognised) {
  EXPECT_TRUE(
      is_no_script_message(no_script_message(*wire::Mac::parse("52:54:00:ab:cd:01"), "192.0.2.1")));
  EXPECT_FALSE(is_no_script_message("#!ipxe\necho\necho This machine boots\n"));
  EXPECT_FALSE(is_no_script_message(""));
}

}  // namespace
}  // namespace pixie::script
