#include "upstream/boot_answer.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <rapidcheck/gtest.h>

namespace pixie::upstream {
namespace {

using testing::HasSubstr;

const http::Url base = http::Url::parse("http://api.example:81/lab/").value();

std::string reading(std::string_view body) {
  const auto script = read_boot_answer(base, 200, body);
  if (!script) return "error: " + script.error().text;
  return script->value_or("nothing");
}

constexpr std::string_view ending = R"( || goto failed
boot || goto failed
:failed
echo This could not be booted; the lines above say why.
prompt --timeout 10000 Press a key for the menu && exit 0 || exit 0
)";

/// The script with this kernel line, and without initrds.
std::string booting(std::string_view kernel) {
  return "#!ipxe\n# What the boot API says.\nimgfree\nkernel --name kernel " + std::string(kernel) +
         std::string(ending);
}

TEST(BootAnswer, IsAskedForByMac) {
  const auto mac = *wire::Mac::parse("52-54-00-AB-CD-EF");
  EXPECT_EQ(boot_url(base, mac).text(), "http://api.example:81/lab/v1/boot/52:54:00:ab:cd:ef");
  for (const auto* text : {"https://api.example", "https://api.example/"}) {
    EXPECT_EQ(boot_url(http::Url::parse(text).value(), mac).text(),
              "https://api.example/v1/boot/52:54:00:ab:cd:ef");
  }
  EXPECT_EQ(boot_url(http::Url::parse("http://a/b?key=c").value(), mac).target,
            "/b/v1/boot/52:54:00:ab:cd:ef?key=c");
}

TEST(BootAnswer, GoesByItsStatus) {
  const auto nothing = read_boot_answer(base, 404, "{}");
  ASSERT_TRUE(nothing);
  EXPECT_FALSE(nothing->has_value());
  const auto failed = read_boot_answer(base, 503, "{}");
  ASSERT_FALSE(failed);
  EXPECT_THAT(failed.error().text, HasSubstr("503"));
}

TEST(BootAnswer, BecomesAScript) {
  EXPECT_EQ(reading(R"({"kernel": "/kernel", "initrd": ["https://files.example/a", "b"],
                        "cmdline": "quiet x=y", "message": "Hello\nworld"})"),
            R"(#!ipxe
# What the boot API says.
echo : Hello
echo : world
imgfree
kernel --name kernel http://api.example:81/kernel initrd=initrd0 initrd=initrd1 quiet x=y || goto failed
initrd --name initrd0 https://files.example/a || goto failed
initrd --name initrd1 http://api.example:81/lab/b || goto failed
boot || goto failed
:failed
echo This could not be booted; the lines above say why.
prompt --timeout 10000 Press a key for the menu && exit 0 || exit 0
)");
}

TEST(BootAnswer, NeedsAKernelOnly) {
  EXPECT_EQ(reading(R"({"kernel": "tftp://192.0.2.1/k", "initrd": null, "cmdline": null})"),
            booting("tftp://192.0.2.1/k"));
}

TEST(BootAnswer, HasUrlsInItsCommandLine) {
  EXPECT_EQ(reading(R"({"kernel": "k", "cmdline": "a={{ URL \"/x\" }} b={{URL `https://y/z`}}"})"),
            booting("http://api.example:81/lab/k a=http://api.example:81/x b=https://y/z"));
  for (const auto* cmdline :
       {"{{ ID \\\"x\\\" }}", "{{ URL }}", "{{ URL \\\"\\\" }}", "{{ URL \\\"a\\\" \\\"b\\\" }}",
        "{{ URL \\\"a\\\"", "{{ if x }}", "{{ URL \\\"a b\\\" }}"}) {
    EXPECT_THAT(reading(fmt::format(R"({{"kernel": "k", "cmdline": "{}"}})", cmdline)),
                HasSubstr("error: "))
        << cmdline;
  }
}

TEST(BootAnswer, TakesTheOldCommandLine) {
  EXPECT_EQ(reading(R"({"kernel": "k", "cmdline": {"d": {"url": "/x"}, "a": true, "e": false,
                        "b": "c", "c": "d e"}})"),
            booting("http://api.example:81/lab/k a b=c c=\"d e\" d=http://api.example:81/x"));
  for (const auto* value : {"1", "null", "[]", "{}", R"({"url": 1})"}) {
    EXPECT_THAT(reading(fmt::format(R"({{"kernel": "k", "cmdline": {{"a": {}}}}})", value)),
                HasSubstr("error: cmdline"));
  }
}

TEST(BootAnswer, MayBeAScriptOfItsOwn) {
  EXPECT_EQ(reading(R"({"ipxe-script": "#!ipxe\n\tshell\r\n"})"), "#!ipxe\n\tshell\r\n");
  EXPECT_THAT(reading(R"({"ipxe-script": "shell"})"), HasSubstr("does not begin with #!ipxe"));
  EXPECT_THAT(reading(R"({"ipxe-script": "#!ipxe\u001b"})"), HasSubstr("control character"));
}

TEST(BootAnswer, IsRefusedWithTheMemberThatIsWrong) {
  EXPECT_THAT(reading(""), HasSubstr("no JSON object"));
  EXPECT_THAT(reading("[1]"), HasSubstr("no JSON object"));
  EXPECT_THAT(reading("{}"), HasSubstr("neither kernel nor ipxe-script"));
  EXPECT_THAT(reading(R"({"kernel": 1})"), HasSubstr("kernel of its answer"));
  EXPECT_THAT(reading(R"({"kernel": "k", "initrd": "a"})"), HasSubstr("initrd of its answer"));
  EXPECT_THAT(reading(R"({"kernel": "k", "initrd": [1]})"), HasSubstr("initrd of its answer"));
  EXPECT_THAT(reading(R"({"kernel": "k", "cmdline": 1})"), HasSubstr("cmdline of its answer"));
  EXPECT_THAT(reading(R"({"kernel": "k", "message": 1})"), HasSubstr("message of its answer"));
  EXPECT_THAT(reading(R"({"kernel": "file:///k"})"), HasSubstr("file:"));
}

TEST(BootAnswer, CanNotSmuggleACommand) {
  for (const auto* body :
       {R"({"kernel": "k\nshell"})", R"({"kernel": "k || shell"})", R"({"kernel": "http://a/\\"})",
        R"({"kernel": "k", "initrd": ["http://a/\nshell"]})",
        R"({"kernel": "k", "initrd": ["http://a/ || shell"]})",
        R"({"kernel": "k", "cmdline": "a\nshell"})", R"({"kernel": "k", "cmdline": "a || shell"})",
        R"({"kernel": "k", "cmdline": "a && shell"})", R"({"kernel": "k", "cmdline": "a ; shell"})",
        R"({"kernel": "k", "cmdline": "a #b"})", R"({"kernel": "k", "cmdline": "a\\"})",
        R"({"kernel": "k", "cmdline": {"a": "b\nshell"}})",
        R"({"kernel": "k", "cmdline": {"a": "b || shell"}})",
        R"({"kernel": "k", "cmdline": {"||": true}})",
        R"({"kernel": "k", "message": "a\u0007"})"}) {
    EXPECT_THAT(reading(body), HasSubstr("error: ")) << body;
  }
  EXPECT_THAT(reading(R"({"kernel": "k", "message": "-n || shell\n# \\"})"),
              HasSubstr("echo : -n '||' shell\necho : '#' '\\'\n"));
}

RC_GTEST_PROP(BootAnswer, TakesAnyTextsWithoutSmuggling, (const std::string& cmdline)) {
  const nlohmann::json answer{{"kernel", "k"}, {"cmdline", cmdline}, {"message", cmdline}};
  const auto body = answer.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  const auto script = read_boot_answer(base, 200, body);
  if (script) RC_ASSERT(!(*script)->contains('\r') && (*script)->ends_with(ending));
}

}  // namespace
}  // namespace pixie::upstream
