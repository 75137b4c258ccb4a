// The cursor and the address types.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "wire/address.h"
#include "wire/cursor.h"
#include "wire/mac.h"

namespace pixie::wire {
namespace {

TEST(Reader, KeepsItsError) {
  const std::string_view text("\x01\x02\x03", 3);
  Reader reader(as_bytes(text));
  EXPECT_EQ(reader.u16(), 0x0102);
  EXPECT_EQ(reader.u16(), 0);
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.u8(), 0);
}

TEST(Reader, FindsTheTerminator) {
  Reader reader(as_bytes(std::string_view("ab\0\0cd", 6)));
  EXPECT_EQ(reader.zero_terminated(), "ab");
  EXPECT_EQ(reader.zero_terminated(), "");
  EXPECT_EQ(reader.zero_terminated(), "");
  EXPECT_FALSE(reader.ok());
}

TEST(Writer, StopsAtTheEndOfItsBuffer) {
  std::byte buffer[3];
  Writer writer(buffer);
  writer.u16(0x0102);
  EXPECT_EQ(writer.written().size(), 2U);
  writer.u16(1);
  EXPECT_FALSE(writer.ok());
  EXPECT_TRUE(writer.written().empty());
}

RC_GTEST_PROP(Cursor, ReadsBackWhatWasWritten, (std::uint8_t a, std::uint16_t b, std::uint32_t c)) {
  std::byte buffer[7];
  Writer writer(buffer);
  writer.u8(a), writer.u16(b), writer.u32(c);
  Reader reader(writer.written());
  RC_ASSERT(reader.u8() == a);
  RC_ASSERT(reader.u16() == b);
  RC_ASSERT(reader.u32() == c);
  RC_ASSERT(reader.ok() && reader.at_end());
}

TEST(Mac, TakesTheSpellingsInUse) {
  for (const auto* text : {"52:54:00:AB:cd:ef", "52-54-00-ab-cd-ef", "525400abcdef"}) {
    const auto mac = Mac::parse(text);
    ASSERT_TRUE(mac) << text;
    EXPECT_EQ(mac->hyphens(), "52-54-00-ab-cd-ef");
    EXPECT_EQ(mac->colons(), "52:54:00:ab:cd:ef");
  }
  for (const auto* text :
       {"", "52:54:00:ab:cd", "52:54:00:ab:cd:ef:", "52-54:00-ab-cd-ef", "5x:54:00:ab:cd:ef",
        "525400abcde", "52.54.00.ab.cd.ef", "+2:54:00:ab:cd:ef"}) {
    EXPECT_FALSE(Mac::parse(text)) << text;
  }
}

TEST(IpAddress, ReadsAndWritesBothFamilies) {
  EXPECT_EQ(IpAddress::parse("192.0.2.1")->text(), "192.0.2.1");
  EXPECT_EQ(IpAddress::parse("192.0.2.1")->url_host(), "192.0.2.1");
  EXPECT_EQ(IpAddress::parse("2001:DB8::1")->url_host(), "[2001:db8::1]");
  EXPECT_EQ(IpAddress::parse("[2001:db8::1]")->text(), "2001:db8::1");
  EXPECT_EQ(IpAddress::parse("::ffff:192.0.2.1"), IpAddress::parse("192.0.2.1"));
  for (const auto* text : {"", "192.0.2", "[192.0.2.1]", "192.0.2.1:69", "fe80::1%eth0", "host"}) {
    EXPECT_FALSE(IpAddress::parse(text)) << text;
  }
  EXPECT_TRUE(IpAddress::parse("0.0.0.0")->is_unspecified());
  EXPECT_TRUE(IpAddress::parse("::")->is_unspecified());
  EXPECT_TRUE(IpAddress::parse("127.1.2.3")->is_loopback());
  EXPECT_TRUE(IpAddress::parse("::1")->is_loopback());
  EXPECT_TRUE(IpAddress::parse("fe80::1")->is_link_local_v6());
}

TEST(Network, ContainsWhatSharesItsPrefix) {
  const auto contains = [](std::string_view network, std::string_view address) {
    return Network::parse(network)->contains(*IpAddress::parse(address));
  };
  EXPECT_TRUE(contains("192.0.2.7", "192.0.2.7"));
  EXPECT_FALSE(contains("192.0.2.7", "192.0.2.8"));
  EXPECT_TRUE(contains("192.0.2.0/24", "192.0.2.255"));
  EXPECT_FALSE(contains("192.0.2.0/24", "192.0.3.0"));
  EXPECT_TRUE(contains("10.0.0.0/9", "10.127.0.1"));
  EXPECT_FALSE(contains("10.0.0.0/9", "10.128.0.1"));
  EXPECT_TRUE(contains("0.0.0.0/0", "198.51.100.1"));
  EXPECT_FALSE(contains("0.0.0.0/0", "2001:db8::1"));
  EXPECT_TRUE(contains("2001:db8::/32", "2001:db8:ffff::1"));
  EXPECT_FALSE(contains("2001:db8::/32", "2001:db9::1"));
  for (const auto* bad :
       {"", "192.0.2.0/33", "2001:db8::/129", "192.0.2.0/", "192.0.2.0/x", "host/8"}) {
    EXPECT_FALSE(Network::parse(bad)) << bad;
  }
}

TEST(Endpoint, TakesWhatPeopleWrite) {
  const auto text = [](std::string_view written) {
    const auto endpoint = Endpoint::parse(written, 69);
    return endpoint ? endpoint->text() : "none";
  };
  EXPECT_EQ(text("0.0.0.0:6969"), "0.0.0.0:6969");
  EXPECT_EQ(text("192.0.2.1"), "192.0.2.1:69");
  EXPECT_EQ(text(":8080"), "0.0.0.0:8080");
  EXPECT_EQ(text("[::]:80"), "[::]:80");
  EXPECT_EQ(text("::1"), "[::1]:69");
  for (const auto* bad :
       {"", "host:69", "192.0.2.1:", "192.0.2.1:70000", "192.0.2.1:-1", "[::1]69", "a:b:c"}) {
    EXPECT_EQ(text(bad), "none") << bad;
  }
}

}  // namespace
}  // namespace pixie::wire
