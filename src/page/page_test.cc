// The embedded page hangs together: its index names files that are there, and the compressed form is the same page.
#include "page/page.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

namespace pixie::page {
namespace {

std::string text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string inflated(std::span<const std::byte> bytes, std::size_t size) {
  std::string out(size + 1, '\0');
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 16 + MAX_WBITS), Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

TEST(Page, IndexIsFoundByBothNames) {
  ASSERT_NE(find(""), nullptr);
  EXPECT_EQ(find(""), find("index.html"));
  EXPECT_EQ(find("")->content_type, "text/html; charset=utf-8");
  EXPECT_FALSE(find("")->immutable);
  EXPECT_THAT(text(find("")->plain), testing::StartsWith("<!doctype html>"));
}

TEST(Page, WhatIsNotThereIsNotFound) {
  EXPECT_EQ(find("/index.html"), nullptr);
  EXPECT_EQ(find("assets/"), nullptr);
  EXPECT_EQ(find("manifest.json"), nullptr);
}

TEST(Page, IndexNamesEveryOtherFile) {
  const auto index = text(find("")->plain);
  for (const auto& asset : assets().subspan(1)) {
    EXPECT_THAT(index, testing::HasSubstr("\"" + std::string(asset.path) + "\""));
    EXPECT_TRUE(asset.immutable) << asset.path;
  }
}

TEST(Page, IndexKeepsItsOwnPolicy) {
  const auto index = text(find("")->plain);
  EXPECT_THAT(index, testing::Not(testing::HasSubstr("<style")));
  EXPECT_THAT(index, testing::Not(testing::ContainsRegex("<script[^>]*>[^<]")));
  EXPECT_THAT(index, testing::Not(testing::HasSubstr("//")));
}

TEST(Page, CompressedFormIsTheSame) {
  for (const auto& asset : assets()) {
    EXPECT_EQ(inflated(asset.gzip, asset.plain.size()), text(asset.plain)) << asset.path;
    EXPECT_THAT(std::string(asset.etag), testing::MatchesRegex("\"[0-9a-f]+\"")) << asset.path;
  }
}

}  // namespace
}  // namespace pixie::page
