#include "roms/tar.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "roms/testing.h"

namespace pixie::roms {
namespace {

using testing::gzipped;
using ::testing::HasSubstr;
using testing::TarWriter;

std::string refusal(const std::string& archive) {
  const auto members = read_tar(wire::as_bytes(archive));
  return members ? "" : members.error().text;
}

TEST(Tar, ReadsFilesAndLinksAndLeavesOutFolders) {
  const auto archive = TarWriter()
                           .header("ipxeboot/", '5', 0)
                           .file("./ipxeboot//x86_64/snponly.efi", "content")
                           .link("ipxeboot/snponly.efi", "x86_64/snponly.efi")
                           .link("ipxeboot/x86_64-sb/up.efi", "../x86_64/snponly.efi")
                           .file("empty", "")
                           .finished();
  const auto members = read_tar(wire::as_bytes(archive));
  ASSERT_TRUE(members) << members.error().text;
  ASSERT_EQ(members->size(), 4u);
  EXPECT_EQ((*members)[0].path, "ipxeboot/x86_64/snponly.efi");
  EXPECT_EQ(wire::as_text((*members)[0].bytes), "content");
  EXPECT_EQ((*members)[1].kind, TarMember::Kind::kLink);
  EXPECT_EQ((*members)[3].path, "empty");
}

TEST(Tar, ReadsLongNamesOfPaxAndGnu) {
  const std::string deep = "a/" + std::string(150, 'x');
  const auto record = fmt::format("{} path={}\n", 4 + 5 + deep.size() + 1, deep);
  const auto archive = TarWriter()
                           .header("pax", 'x', record.size())
                           .data(record)
                           .file("short", "1")
                           .header("././@LongLink", 'L', deep.size() + 1)
                           .data(deep + '\0')
                           .file("short", "2")
                           .file("short", "3")
                           .finished();
  const auto members = read_tar(wire::as_bytes(archive));
  ASSERT_TRUE(members) << members.error().text;
  ASSERT_EQ(members->size(), 3u);
  EXPECT_EQ((*members)[0].path, deep);
  EXPECT_EQ((*members)[1].path, deep);
  EXPECT_EQ((*members)[2].path, "short");
}

TEST(Tar, RefusesWhatWouldBeWrittenElsewhere) {
  for (const auto* path : {"/etc/passwd", "../up", "a/../../up", "a/../b", "..", "a\\..\\b"}) {
    EXPECT_THAT(refusal(TarWriter().file(path, "x").finished()), HasSubstr("written elsewhere"))
        << path;
  }
  for (const auto* target : {"/etc/passwd", "../../up"}) {
    EXPECT_THAT(refusal(TarWriter().link("a/b", target).finished()), HasSubstr("leads out"))
        << target;
  }
  EXPECT_THAT(refusal(TarWriter().link("a/b", "../up", '1').finished()), HasSubstr("leads out"));
  EXPECT_THAT(refusal(TarWriter().header("device", '3', 0).finished()),
              HasSubstr("no file, folder or link"));
}

TEST(Tar, RefusesDamageAndTruncation) {
  auto archive = TarWriter().file("a", "content").finished();
  EXPECT_EQ(refusal(archive), "");
  for (const std::size_t size : {0u, 100u, 512u, 600u, 1024u}) {
    EXPECT_THAT(refusal(archive.substr(0, size)), HasSubstr("cut off")) << size;
  }
  archive[3] = 'x';
  EXPECT_THAT(refusal(archive), HasSubstr("checksum"));
  EXPECT_THAT(refusal(TarWriter().header("a", '0', 1u << 30).finished()), HasSubstr("cut off"));
  EXPECT_THAT(refusal(TarWriter().header("pax", 'x', 9).data("999 a=b\n").file("a", "").finished()),
              HasSubstr("extended header"));
}

TEST(Gunzip, UnpacksAllMembersWithinTheLimit) {
  const auto packed = gzipped("hello ") + gzipped("world");
  const auto content = gunzip(wire::as_bytes(packed), 100);
  ASSERT_TRUE(content) << content.error().text;
  EXPECT_EQ(wire::as_text(*content), "hello world");
  EXPECT_FALSE(gunzip(wire::as_bytes(packed), 10));
}

TEST(Gunzip, RefusesAnEndlessFile) {
  const auto bomb = gzipped(std::string(20 << 20, '\0'));
  const auto content = gunzip(wire::as_bytes(bomb), 4 << 20);
  ASSERT_FALSE(content);
  EXPECT_THAT(content.error().text, HasSubstr("more than 4 MiB"));
}

TEST(Gunzip, RefusesDamageAndTruncation) {
  auto packed = gzipped(std::string(10'000, 'x'));
  for (std::size_t size = 0; size < packed.size(); ++size) {
    EXPECT_FALSE(gunzip(wire::as_bytes(packed).first(size), 1 << 20)) << size;
  }
  packed[packed.size() - 6] = static_cast<char>(packed[packed.size() - 6] + 1);
  EXPECT_FALSE(gunzip(wire::as_bytes(packed), 1 << 20));
}

}  // namespace
}  // namespace pixie::roms
