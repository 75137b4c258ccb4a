#include "tftp/packet.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pixie::tftp {
namespace {

using namespace std::string_literals;
using std::literals::operator""sv;

Expected<Packet> parse_text(std::string_view bytes) { return parse(wire::as_bytes(bytes)); }

Request request(std::string_view bytes) {
  const auto packet = parse_text(bytes);
  EXPECT_TRUE(packet) << packet.error().text;
  return packet ? std::get<Request>(*packet) : Request{};
}

Options options(std::string_view pairs) { return request("\0\1f\0octet\0"s.append(pairs)).options; }

TEST(Packet, ReadsRequestsOfRealClients) {
  const auto edk2 =
      request("\0\1snponly.efi\0octet\0tsize\0000\0blksize\0001468\0windowsize\0004\0"sv);
  EXPECT_EQ(edk2.opcode, Request::read);
  EXPECT_EQ(edk2.mode, Mode::octet);
  EXPECT_EQ(edk2.filename, "snponly.efi");
  EXPECT_EQ(edk2.options, (Options{.tsize = 0, .blksize = 1468, .windowsize = 4, .timeout = {}}));

  const auto ipxe = request("\0\1/chain.ipxe\0octet\0blksize\0001432\0tsize\0000\0"sv);
  EXPECT_EQ(ipxe.filename, "/chain.ipxe");
  EXPECT_EQ(ipxe.options, (Options{.tsize = 0, .blksize = 1432, .windowsize = {}, .timeout = {}}));

  const auto uboot = request("\0\1a.efi\0octet\0timeout\0005\0tsize\0000\0blksize\0001468\0"sv);
  EXPECT_EQ(uboot.options, (Options{.tsize = 0, .blksize = 1468, .windowsize = {}, .timeout = 5}));

  const auto plain = request("\0\1f\0netascii\0"sv);
  EXPECT_EQ(plain.mode, Mode::netascii);
  EXPECT_TRUE(plain.options.empty());

  EXPECT_EQ(request("\0\2f\0MAIL\0"sv).opcode, Request::write);
  EXPECT_EQ(request("\0\1f\0OcTeT\0"sv).mode, Mode::octet);
}

TEST(Packet, TakesOnlyUsableOptions) {
  EXPECT_EQ(options("BlkSize\0"
                    "1024\0"sv)
                .blksize,
            1024);
  EXPECT_EQ(options("blksize\0"
                    "8\0"sv)
                .blksize,
            8);
  EXPECT_EQ(options("blksize\0"
                    "7\0"sv)
                .blksize,
            std::nullopt);
  EXPECT_EQ(options("blksize\0"
                    "65464\0"sv)
                .blksize,
            65464);
  EXPECT_EQ(options("blksize\0"
                    "65465\0"sv)
                .blksize,
            65464);
  EXPECT_EQ(options("blksize\0"
                    "99999999999999999999999\0"sv)
                .blksize,
            65464);
  for (const auto bad : {""sv, "-1"sv, "+9"sv, " 9"sv, "9 "sv, "0x10"sv, "1e3"sv, "ten"sv}) {
    EXPECT_TRUE(options("blksize\0"s.append(bad) + "\0"s).empty()) << bad;
  }
  EXPECT_EQ(options("timeout\0"
                    "1\0"sv)
                .timeout,
            1);
  EXPECT_EQ(options("timeout\0"
                    "255\0"sv)
                .timeout,
            255);
  EXPECT_EQ(options("timeout\0"
                    "0\0"sv)
                .timeout,
            std::nullopt);
  EXPECT_EQ(options("timeout\0"
                    "256\0"sv)
                .timeout,
            std::nullopt);
  EXPECT_EQ(options("windowsize\0"
                    "0\0"sv)
                .windowsize,
            std::nullopt);
  EXPECT_EQ(options("windowsize\0"
                    "65536\0"sv)
                .windowsize,
            65535);
  EXPECT_EQ(options("tsize\0"
                    "12345678901\0"sv)
                .tsize,
            12345678901U);
}

TEST(Packet, SkipsUnknownOptionsAndRepetitions) {
  EXPECT_EQ(options("multicast\0\0blksize\0"
                    "9\0x\0y\0"sv)
                .blksize,
            9);
  EXPECT_EQ(options("blksize\0"
                    "600\0blksize\0"
                    "700\0"sv)
                .blksize,
            600);
  EXPECT_EQ(options("blksize\0junk\0blksize\0"
                    "700\0"sv)
                .blksize,
            std::nullopt);
}

TEST(Packet, IgnoresWhatFollowsTheLastCompleteOption) {
  for (const auto tail : {"\xff"sv, "\0\0\0\0"sv,
                          "\0blksize\0"
                          "9\0"sv,
                          "tsize"sv, "tsize\0"sv,
                          "tsize\0"
                          "0"sv}) {
    EXPECT_EQ(options("blksize\0"
                      "600\0"s.append(tail)),
              (Options{.tsize = {}, .blksize = 600, .windowsize = {}, .timeout = {}}));
  }
}

TEST(Packet, RefusesMalformed) {
  for (const auto bytes :
       {""sv, "\0"sv, "\0\1"sv, "\0\1\0"sv, "\0\1f"sv, "\0\1f\0"sv, "\0\1f\0octet"sv,
        "\0\1\0octet\0"sv, "\0\1f\0\0"sv, "\0\1f\0octets\0"sv, "\0\1f\0binary\0"sv,
        "\0\0f\0octet\0"sv, "\0\7f\0octet\0"sv, "\1\0f\0octet\0"sv, "\xff\xff\xff\xff"sv, "\0\4"sv,
        "\0\4\0"sv, "\0\3\0"sv, "\0\5\0"sv}) {
    const auto packet = parse_text(bytes);
    ASSERT_FALSE(packet) << testing::PrintToString(bytes);
    EXPECT_THAT(packet.error().text, testing::StartsWith("TFTP "));
  }
}

TEST(Packet, ReadsReplies) {
  EXPECT_EQ(std::get<Ack>(*parse_text("\0\4\xff\xfe"sv)).block, 0xfffe);
  EXPECT_EQ(std::get<Ack>(*parse_text("\0\4\0\1padding"sv)).block, 1);
  EXPECT_EQ(std::get<Data>(*parse_text("\0\3\1\0abc"sv)).block, 256);
  const auto error = std::get<ErrorPacket>(*parse_text("\0\5\0\10User aborted\0tail"sv));
  EXPECT_EQ(error.code, 8);
  EXPECT_EQ(error.text, "User aborted");
  EXPECT_EQ(std::get<ErrorPacket>(*parse_text("\0\5\0\0open end"sv)).text, "open end");
  EXPECT_EQ(std::get<ErrorPacket>(*parse_text("\0\5\0\0"sv)).text, "");
  EXPECT_EQ(std::get<Oack>(*parse_text("\0\6blksize\0"
                                       "600\0"sv))
                .options.blksize,
            600);
}

TEST(Packet, WritesOack) {
  std::byte buffer[max_oack_size];
  const Options some{.tsize = 0, .blksize = 1432, .windowsize = {}, .timeout = {}};
  EXPECT_EQ(wire::as_text(write_oack(buffer, some)),
            "\0\6tsize\0"
            "0\0blksize\0"
            "1432\0"sv);
  const Options widest{.tsize = UINT64_MAX, .blksize = 65464, .windowsize = 65535, .timeout = 255};
  const auto written = write_oack(buffer, widest);
  ASSERT_FALSE(written.empty());
  EXPECT_EQ(std::get<Oack>(*parse(written)).options, widest);
}

TEST(Packet, WritesErrorThatFits) {
  std::byte buffer[12];
  EXPECT_EQ(wire::as_text(write_error(buffer, 1, "none")), "\0\5\0\1none\0"sv);
  EXPECT_EQ(wire::as_text(write_error(buffer, 1, "file not found")), "\0\5\0\1file no\0"sv);
  EXPECT_EQ(wire::as_text(write_error(buffer, 0, "a\0b"sv)), "\0\5\0\0a\0"sv);
  EXPECT_EQ(wire::as_text(write_error(std::span(buffer).first(5), 2, "text")), "\0\5\0\2\0"sv);
}

TEST(Packet, BlockNumbersRollOver) {
  const auto text = [](std::uint64_t block) {
    const auto header = data_header(block);
    return std::string(wire::as_text(header));
  };
  EXPECT_EQ(text(1), "\0\3\0\1"sv);
  EXPECT_EQ(text(65535), "\0\3\xff\xff"sv);
  EXPECT_EQ(text(65536), "\0\3\0\0"sv);
  EXPECT_EQ(text(65537 + 65536), "\0\3\0\1"sv);
}

}  // namespace
}  // namespace pixie::tftp
