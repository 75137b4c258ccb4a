#include "http/target.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace pixie::http {
namespace {

struct Accepted {
  std::string_view target;
  std::string_view path;
  bool trailing_slash;
  std::string_view raw_query = "";
};

TEST(Target, IsDecodedAndNormalised) {
  const Accepted cases[] = {
      {"/", "", true},
      {"//", "", true},
      {"/.", "", true},
      {"/snponly64.efi", "snponly64.efi", false},
      {"/ipxe/52-54-00-ab-cd-ef.ipxe?uuid=1&ip=2", "ipxe/52-54-00-ab-cd-ef.ipxe", false,
       "uuid=1&ip=2"},
      {"/extra/", "extra", true},
      {"/extra//", "extra", true},
      {"/extra/.", "extra", true},
      {"/extra/./a", "extra/a", false},
      {"/extra//grubx64.efi", "extra/grubx64.efi", false},
      {"//evil.example/x", "evil.example/x", false},
      {"/...", "...", false},
      {"/..a/b..", "..a/b..", false},
      {"/a%20b%2Bc", "a b+c", false},
      {"/a+b", "a+b", false},
      {"/a%2fb", "a/b", false},
      {"/a%252e", "a%2e", false},
      {"/EFI\\BOOT\\bootx64.efi", "EFI/BOOT/bootx64.efi", false},
      {"/EFI%5cboot", "EFI/boot", false},
      {"/caf%C3%A9/\xff", "caf\xc3\xa9/\xff", false},
      {"/c:/x", "c:/x", false},
      {"/a?b/../c", "a", false, "b/../c"},
      {"/a?", "a", false},
      {"/?x=1?y", "", true, "x=1?y"},
      {"http://10.0.0.1/ipxe/a", "ipxe/a", false},
      {"HTTP://[2001:db8::1]:8080/ipxe/a?b", "ipxe/a", false, "b"},
      {"https://host", "", true},
      {"http://host?q", "", true, "q"},
      {"http://host//a", "a", false},
  };
  for (const auto& [text, path, trailing_slash, raw_query] : cases) {
    const auto target = parse_target(text);
    ASSERT_TRUE(target) << text << ": " << target.error().text;
    EXPECT_EQ(target->path, path) << text;
    EXPECT_EQ(target->trailing_slash, trailing_slash) << text;
    EXPECT_EQ(target->raw_query, raw_query) << text;
  }
}

TEST(Target, RefusesWhatNamesNothingOrClimbs) {
  const std::string_view cases[] = {
      "",
      "*",
      "host:80",
      "ipxe/a",
      "?x",
      "ftp://host/a",
      "http://",
      "http:///a",
      "http:/a",
      "/..",
      "/../etc/passwd",
      "/a/../b",
      "/a/..",
      "/a/../",
      "/%2e%2e/etc/passwd",
      "/.%2E/etc/passwd",
      "/..%2fetc/passwd",
      "/..%5cetc",
      "/..\\etc",
      "\\..\\etc",
      "http://host/../a",
      "/a%",
      "/a%2",
      "/a%zz",
      "/a%-1",
      "/a%00.efi",
      "/a%0d%0aSet-Cookie:x",
      "/a%7f",
      "/a b",
      "/a\tb",
      "/a?b c",
      "/a?b\nc",
      "/a#b",
      "/a?b#c",
      std::string_view("/a\0b", 4),
  };
  for (const auto text : cases) EXPECT_FALSE(parse_target(text)) << text;
}

TEST(Target, HasALimit) {
  EXPECT_TRUE(parse_target("/" + std::string(max_target_size - 1, 'a')));
  EXPECT_FALSE(parse_target("/" + std::string(max_target_size, 'a')));
  EXPECT_EQ(parse_target(std::string(max_target_size, '/'))->path, "");
}

TEST(Target, QueryIsDecodedAsAForm) {
  const auto target = parse_target(
      "/a?uuid=4c4c4544-0042&manufacturer=Dell+Inc.&product=R%26D%3D%2B&empty=&flag&&=x&"
      "bad=%zz%4&uuid=second&%61sset=7&n=a=b&nul=%00");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->query("uuid"), "4c4c4544-0042");
  EXPECT_EQ(target->query("manufacturer"), "Dell Inc.");
  EXPECT_EQ(target->query("product"), "R&D=+");
  EXPECT_EQ(target->query("empty"), "");
  EXPECT_EQ(target->query("flag"), "");
  EXPECT_EQ(target->query(""), "x");
  EXPECT_EQ(target->query("bad"), "%zz%4");
  EXPECT_EQ(target->query("asset"), "7");
  EXPECT_EQ(target->query("n"), "a=b");
  EXPECT_EQ(target->query("nul"), std::string(1, '\0'));
  EXPECT_EQ(target->query("UUID"), std::nullopt);
  EXPECT_EQ(parse_target("/a")->query(""), std::nullopt);
}

TEST(Target, EncodingIsUndoneByParsing) {
  std::string all;
  for (int byte = 0x20; byte < 0x100; ++byte) {
    if (byte != '\\' && byte != 0x7f) all.push_back(static_cast<char>(byte));
  }
  std::string encoded;
  append_encoded_path(encoded, "/" + all);
  EXPECT_EQ(parse_target(encoded)->path, all);
}

TEST(Target, EncodesAllThatIsNotUnreserved) {
  std::string encoded;
  append_encoded_path(encoded, "a b/ü%?#:&\"<'\\\r~");
  EXPECT_EQ(encoded, "a%20b/%C3%BC%25%3F%23%3A%26%22%3C%27%5C%0D~");
}

}  // namespace
}  // namespace pixie::http
