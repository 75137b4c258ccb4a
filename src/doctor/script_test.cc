#include "doctor/script.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "doctor/testing.h"
#include "script/chain.h"

namespace pixie::doctor {
namespace {

using testing::ElementsAre;

ScriptSettings settings() { return settings_of(machine_mac, 7, lease_address, pixie_address); }

std::vector<std::string> urls(std::string_view text,
                              std::string_view base = "http://10.0.0.1/a/b") {
  auto known = settings();
  std::vector<std::string> found;
  for (const auto& link : read_script(text, base, known)) {
    found.push_back((link.is_chain ? "chain " : "") + link.url + (link.is_vague ? " ?" : ""));
  }
  return found;
}

TEST(Script, SettingsAreExpanded) {
  const auto known = settings();
  EXPECT_EQ(expand("${mac:hexhyp}.ipxe", known), "52-54-00-77-00-01.ipxe");
  EXPECT_EQ(expand("${net0/mac}", known), "52:54:00:77:00:01");
  EXPECT_EQ(expand("${mac:hexraw}", known), "525400770001");
  EXPECT_EQ(expand("${buildarch} ${next-server}", known), "x86_64 10.0.0.1");
  EXPECT_EQ(expand("${what} ${", known), "${what} ${");
  EXPECT_EQ(expand("${a:uristring}", {{"a", "x y&z"}}), "x%20y%26z");
}

TEST(Script, FilesAreFound) {
  EXPECT_THAT(
      urls("#!ipxe\nkernel vmlinuz quiet x=y\ninitrd --name i /i.gz\n"
           "module tftp://10.0.0.3/m\nboot\nchain --autofree -r ${mac:hexhyp}.ipxe ||\n"
           "# kernel no\nboot http://10.0.0.1/k\n"),
      ElementsAre("http://10.0.0.1/a/vmlinuz", "http://10.0.0.1/i.gz", "tftp://10.0.0.3/m",
                  "chain http://10.0.0.1/a/52-54-00-77-00-01.ipxe", "chain http://10.0.0.1/k"));
  EXPECT_THAT(urls("set base http://10.0.0.9/x\nkernel ${base}/k\ninitrd ${nobody}/i\n"),
              ElementsAre("http://10.0.0.9/x/k", "http://10.0.0.1/a/${nobody}/i ?"));
}

TEST(Script, ConditionsThatAreKnownCount) {
  EXPECT_THAT(urls("iseq ${buildarch} arm64 && kernel arm || kernel x86\n"),
              ElementsAre("http://10.0.0.1/a/x86"));
  EXPECT_THAT(urls("iseq ${buildarch} x86_64 && kernel x86 ||\n"),
              ElementsAre("http://10.0.0.1/a/x86"));
  EXPECT_THAT(urls("isset ${ip} && kernel yes\nisset ${ip6} && kernel no\n"),
              ElementsAre("http://10.0.0.1/a/yes"));
  EXPECT_THAT(urls("iseq ${unknown} 1 && kernel a || kernel b\n"),
              ElementsAre("http://10.0.0.1/a/a", "http://10.0.0.1/a/b"));
}

TEST(Script, PixiesMenuLeadsToTheMachinesScript) {
  const auto text = script::chain_script({"10.0.0.1", "http://10.0.0.1:8080", 69, 10000});
  const auto found = urls(text, "tftp://10.0.0.1/chain.ipxe");
  ASSERT_FALSE(found.empty());
  EXPECT_TRUE(found[0].starts_with("chain http://10.0.0.1:8080/ipxe/52-54-00-77-00-01.ipxe"));
}

TEST(Script, UrlsAreResolved) {
  EXPECT_EQ(resolve_url("http://h/a/b?c=/d", "e"), "http://h/a/e");
  EXPECT_EQ(resolve_url("http://h/a/b", "/e"), "http://h/e");
  EXPECT_EQ(resolve_url("http://h", "e"), "http://h/e");
  EXPECT_EQ(resolve_url("http://h/a", "tftp://g/e"), "tftp://g/e");
}

RC_GTEST_PROP(Script, AnyTextIsRead, (const std::string& text)) {
  auto known = settings();
  RC_ASSERT(read_script("chain " + text + "\n" + text, text, known).size() <= 64U);
}

}  // namespace
}  // namespace pixie::doctor
