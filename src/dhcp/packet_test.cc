#include "dhcp/packet.h"

#include <algorithm>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "dhcp/option.h"
#include "dhcp/testing.h"

namespace pixie::dhcp {
namespace {

using std::literals::operator""sv;

constexpr std::size_t file_at = 108;
constexpr std::size_t sname_at = 44;
constexpr std::size_t options_at = 240;

/// A request with the given field of options.
std::string message(std::string_view options) {
  std::string bytes(options_at, '\0');
  bytes.replace(0, 3, "\1\1\6");
  bytes.replace(28, 6, "\x52\x54\0\1\2\3"sv);
  bytes.replace(236, 4, "\x63\x82\x53\x63");
  return bytes.append(options);
}

Expected<Packet> parse_text(std::string_view bytes) { return parse(wire::as_bytes(bytes)); }

Packet parsed(std::string_view bytes) {
  const auto packet = parse_text(bytes);
  EXPECT_TRUE(packet) << packet.error().text;
  return packet.value_or(Packet());
}

std::string written(const Packet& packet, std::size_t limit = default_message_size) {
  std::byte buffer[4096];
  const auto bytes = write(buffer, packet, limit);
  EXPECT_TRUE(bytes) << bytes.error().text;
  return bytes ? std::string(wire::as_text(*bytes)) : std::string();
}

TEST(DhcpPacket, ReadsTheHeader) {
  auto bytes = message("\x35\1\3\xff"sv);
  bytes.replace(3, 9, "\7\xde\xad\xbe\xef\0\x0b\x80\0"sv);
  bytes.replace(12, 16, "\1\2\3\4\5\6\7\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10"sv);
  bytes.replace(sname_at, 6, "server");
  bytes.replace(file_at, 9, "boot\0junk"sv);
  const auto packet = parsed(bytes);
  EXPECT_EQ(packet.op, Packet::boot_request);
  EXPECT_EQ(packet.hops, 7);
  EXPECT_EQ(packet.xid, 0xdeadbeef);
  EXPECT_EQ(packet.secs, 11);
  EXPECT_EQ(packet.flags, Packet::broadcast_flag);
  EXPECT_EQ(packet.ciaddr, wire::IpAddress::v4(1, 2, 3, 4));
  EXPECT_EQ(packet.yiaddr, wire::IpAddress::v4(5, 6, 7, 8));
  EXPECT_EQ(packet.siaddr, wire::IpAddress::v4(9, 10, 11, 12));
  EXPECT_EQ(packet.giaddr, wire::IpAddress::v4(13, 14, 15, 16));
  EXPECT_EQ(packet.sname, "server");
  EXPECT_EQ(packet.file, "boot");
  EXPECT_EQ(packet.message_type(), MessageType::request);
  ASSERT_TRUE(packet.mac());
  EXPECT_EQ(packet.mac()->colons(), "52:54:00:01:02:03");
}

TEST(DhcpPacket, OnlyEthernetHasAMac) {
  auto bytes = message("\xff");
  EXPECT_TRUE(parsed(bytes).mac());
  bytes.replace(1, 2, "\x20\0"sv);
  EXPECT_FALSE(parsed(bytes).mac());
  bytes.replace(1, 2, "\1\x10"sv);
  EXPECT_FALSE(parsed(bytes).mac());
}

TEST(DhcpPacket, KnowsMessageTypes) {
  EXPECT_EQ(parsed(message("\x35\1\x08"sv)).message_type(), MessageType::inform);
  for (const auto options : {""sv, "\x35\1\0"sv, "\x35\1\x09"sv, "\x35\2\1\1"sv, "\x35\0"sv}) {
    EXPECT_EQ(parsed(message(options)).message_type(), std::nullopt);
  }
}

TEST(DhcpPacket, ToleratesSloppyClients) {
  for (const auto options : {"\x35\1\1"sv, "\x35\1\1\0\0\0"sv, "\x35\1\1\xff"sv,
                             "\0\0\x35\1\1\xff\x0c\xffjunk"sv, "\x35\1\1\xff\0\0"sv}) {
    EXPECT_EQ(parsed(message(options)), parsed(message("\x35\1\1\xff"sv)))
        << testing::PrintToString(options);
  }
  EXPECT_TRUE(parsed(message("")).options.empty());
  auto full = message("\xff");
  full.replace(file_at, 128, std::string(128, 'f'));
  full.replace(sname_at, 64, std::string(64, 's'));
  EXPECT_EQ(parsed(full).file, std::string(127, 'f'));
  EXPECT_EQ(parsed(full).sname, std::string(63, 's'));
}

TEST(DhcpPacket, RefusesMalformed) {
  const auto with = [](std::size_t at, char byte, std::string_view options) {
    auto bytes = message(options);
    bytes[at] = byte;
    return bytes;
  };
  const std::pair<std::string, std::string_view> cases[] = {
      {"", "expected at least 240 bytes, not 0"},
      {message("").substr(0, 239), "expected at least 240 bytes, not 239"},
      {with(0, 0, "\xff"), "DHCP op: expected 1 or 2, not 0"},
      {with(0, 3, "\xff"), "DHCP op: expected 1 or 2, not 3"},
      {with(2, 17, "\xff"), "DHCP hlen: expected at most 16, not 17"},
      {with(236, 0, "\xff"), "magic cookie"},
      {message("\x35"sv), "DHCP option 53: expected a length"},
      {message("\x0c\x20short"sv), "DHCP option 12: expected 32 bytes, but only 5 follow"},
      {message("\x34\1\0\xff"sv), "DHCP option 52 (overload)"},
      {message("\x34\1\4\xff"sv), "DHCP option 52 (overload)"},
      {message("\x34\0\xff"sv), "DHCP option 52 (overload)"},
      {message("\x34\1\1\x34\1\1\xff"sv), "DHCP option 52 (overload)"},
      {with(file_at + 127, 12, "\x34\1\1\xff"sv), "DHCP option 12: expected a length"},
      {with(sname_at + 63, 12, "\x34\1\2\xff"sv), "DHCP option 12: expected a length"},
  };
  for (const auto& [bytes, error] : cases) {
    const auto packet = parse_text(bytes);
    ASSERT_FALSE(packet) << error;
    EXPECT_THAT(packet.error().text, testing::StartsWith("DHCP "));
    EXPECT_THAT(packet.error().text, testing::HasSubstr(std::string(error)));
  }
}

TEST(DhcpPacket, ReadsOverloadedFields) {
  struct {
    char overload;
    std::string_view name;
    std::string_view file;
    std::string_view sname;
  } const cases[] = {
      {1, "ab", "", "\x0c\1c\xff"},
      {2, "ac", "\x0c\1b\xff", ""},
      {3, "abc", "", ""},
  };
  for (const auto& [overload, name, file, sname] : cases) {
    auto bytes = message("\x0c\1a\x34\1?\xff"sv);
    bytes[options_at + 5] = overload;
    bytes.replace(file_at, 4, "\x0c\1b\xff");
    bytes.replace(sname_at, 4, "\x0c\1c\xff");
    const auto packet = parsed(bytes);
    EXPECT_EQ(packet.options.text(option::host_name), name);
    EXPECT_EQ(packet.file, file);
    EXPECT_EQ(packet.sname, sname);
    EXPECT_FALSE(packet.options.contains(option::overload));
  }
}

TEST(DhcpPacket, WritesAPaddedMessage) {
  auto packet = parsed(message("\x35\1\1\x0c\4name\xff"sv));
  auto expected = message("\x35\1\1\x0c\4name\xff"sv);
  expected.resize(min_message_size);
  EXPECT_EQ(written(packet), expected);
  packet.options.set_text(option::message, std::string(100, 'm'));
  EXPECT_EQ(written(packet).size(), options_at + 3 + 6 + 102 + 1);
}

TEST(DhcpPacket, CapturedMessagesRoundTrip) {
  const auto captured = captured_messages();
  ASSERT_GE(captured.size(), 20U);
  for (const auto& [name, bytes] : captured) {
    const auto packet = parse(bytes);
    ASSERT_TRUE(packet) << name << ": " << packet.error().text;
    EXPECT_EQ(written(*packet), wire::as_text(bytes)) << name;
  }
}

TEST(DhcpPacket, OverloadsUnusedFields) {
  Packet packet;
  packet.set_message_type(MessageType::ack);
  packet.options.set_text(option::message, std::string(40, 'm'));
  packet.options.set_text(option::bootfile_name, std::string(120, 'f'));
  packet.options.set_text(option::tftp_server_name, std::string(50, 't'));
  const auto bytes = written(packet, min_message_size);
  EXPECT_EQ(bytes.size(), min_message_size);
  EXPECT_EQ(parsed(bytes), packet);
  EXPECT_EQ(bytes.substr(options_at, 6), "\x34\1\3\x35\1\5"sv);
  EXPECT_EQ(bytes.substr(file_at, 3),
            "\x43\x78"
            "f"sv);
  EXPECT_EQ(bytes.substr(sname_at, 3), "\x42\x32t"sv);

  packet.sname = "taken";
  std::byte buffer[512];
  const auto refused = write(buffer, packet, min_message_size);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().text,
            "DHCP message: expected options that fit in 300 bytes, not 219 bytes of options");
  EXPECT_EQ(parsed(written(packet, 460)), packet);
}

TEST(DhcpPacket, SplitsOnlyWhatFitsNowhere) {
  Packet packet;
  packet.options.set_text(option::bootfile_name, std::string(200, 'f'));
  const auto bytes = written(packet, min_message_size);
  EXPECT_EQ(parsed(bytes), packet);
  EXPECT_EQ(bytes.substr(options_at + 3, 2), "\x43\x36"sv);
  EXPECT_EQ(bytes.substr(file_at, 2), "\x43\x7d"sv);
  EXPECT_EQ(bytes.substr(sname_at, 2), "\x43\x15"sv);
  // Everything filled to the last byte: 54 + 125 + 61.
  packet.options.set_text(option::bootfile_name, std::string(240, 'f'));
  EXPECT_EQ(parsed(written(packet, min_message_size)), packet);
  packet.options.set_text(option::bootfile_name, std::string(241, 'f'));
  std::byte buffer[min_message_size];
  EXPECT_FALSE(write(buffer, packet));
}

TEST(DhcpPacket, RefusesToWriteWhatIsNoMessage) {
  const auto refused = [](auto change, std::size_t limit = default_message_size) {
    Packet packet;
    change(packet);
    std::byte buffer[default_message_size];
    const auto bytes = write(buffer, packet, limit);
    return bytes ? "" : bytes.error().text;
  };
  EXPECT_THAT(refused([](Packet& p) { p.file.assign(128, 'f'); }), testing::HasSubstr("file"));
  EXPECT_THAT(refused([](Packet& p) { p.file.assign(3, '\0'); }), testing::HasSubstr("file"));
  EXPECT_THAT(refused([](Packet& p) { p.sname.assign(64, 's'); }), testing::HasSubstr("sname"));
  EXPECT_THAT(refused([](Packet& p) { p.hlen = 17; }), testing::HasSubstr("hlen"));
  EXPECT_THAT(refused([](Packet& p) { p.siaddr = {}; }), testing::HasSubstr("IPv4"));
  EXPECT_THAT(refused([](Packet&) {}, 299), testing::HasSubstr("room for 300"));
  EXPECT_EQ(refused([](Packet& p) { p.file.assign(127, 'f'); }), "");
  EXPECT_EQ(refused([](Packet&) {}, 300), "");
}

TEST(DhcpPacket, ReplySizeFollowsTheClientWithinBounds) {
  struct {
    std::uint16_t asked;
    std::size_t limit;
  } const cases[] = {{0, 548},   {27, 548},    {300, 548},   {576, 548},
                     {577, 549}, {1472, 1444}, {1500, 1472}, {65280, 1472}};
  for (const auto& [asked, limit] : cases) {
    Packet packet;
    packet.options.set_u16(option::max_message_size, asked);
    EXPECT_EQ(reply_size_limit(packet), limit) << asked;
  }
  EXPECT_EQ(reply_size_limit(Packet()), 548U);
}

/// Texts as header fields hold them.
std::string field_text(std::string text, std::size_t most) {
  std::erase(text, '\0');
  return text.substr(0, most);
}

RC_GTEST_PROP(DhcpPacket, ReadsBackWhatWasWritten,
              (std::uint32_t xid, std::uint16_t secs, std::uint16_t flags, const std::string& file,
               const std::string& sname,
               const std::vector<std::pair<std::uint8_t, std::uint16_t>>& sizes)) {
  Packet packet;
  packet.xid = xid;
  packet.secs = secs;
  packet.flags = flags;
  packet.file = field_text(file, 127);
  packet.sname = field_text(sname, 63);
  for (const auto& [raw_code, raw_size] : sizes) {
    const auto code = static_cast<std::uint8_t>(raw_code % 254 + 1);
    if (code == option::overload) continue;
    packet.options.set_text(code, std::string(raw_size % 300, static_cast<char>(raw_code)));
  }
  std::vector<std::byte> buffer(65536);
  const auto whole = write(buffer, packet, buffer.size());
  RC_ASSERT(whole.has_value());
  const auto again = parse(*whole);
  RC_ASSERT(again.has_value());
  RC_ASSERT(*again == packet);
  // At every smaller size it is either refused or still the same.
  const auto limit = *rc::gen::inRange<std::size_t>(min_message_size, whole->size() + 1);
  const auto small = write(buffer, packet, limit);
  RC_CLASSIFY(small.has_value(), "fits");
  if (!small) return;
  RC_ASSERT(small->size() <= limit);
  const auto reread = parse(*small);
  RC_ASSERT(reread.has_value());
  RC_ASSERT(*reread == packet);
}

}  // namespace
}  // namespace pixie::dhcp
