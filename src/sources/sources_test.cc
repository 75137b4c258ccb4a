#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sources/apt.h"
#include "sources/source.h"
#include "sources/sums.h"

namespace pixie::sources {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::string sum_a(64, 'a');
const std::string sum_b(64, 'b');

std::string sum(const std::string& text, const std::string& name) {
  const auto found = sum_of(text, name);
  return !found ? "different" : found->value_or("none");
}

TEST(Sums, AreFoundInEveryForm) {
  EXPECT_EQ(sum(sum_a + "  ./netboot/linux\n" + sum_b + "  ./netboot/initrd.gz\n", "netboot/linux"),
            sum_a);
  EXPECT_EQ(sum(sum_a + " *x.iso\r\n", "x.iso"), sum_a);
  EXPECT_EQ(sum("SHA256 (x.iso) = " + sum_a, "x.iso"), sum_a);
  EXPECT_EQ(sum("[checksums]\nimages/x = sha256:" + sum_a + "\n", "images/x"), sum_a);
  EXPECT_EQ(
      sum("MD5Sum:\n " + std::string(32, 'c') + " 12 main/x\nSHA256:\n " + sum_a + " 12 main/x\n",
          "main/x"),
      sum_a);
  EXPECT_EQ(sum(std::string(64, 'A') + "  x", "x"), sum_a);
}

TEST(Sums, AreNotGuessed) {
  const auto text = sum_a + "  dir/x\n" + sum_b + "  x2\n";
  EXPECT_EQ(sum(text, "x"), "none");
  EXPECT_EQ(sum("", "x"), "none");
  EXPECT_EQ(sum("x\n" + sum_a + "\n", "x"), "none");
  EXPECT_EQ(sum(sum_a + "  x\n" + sum_b + "  x\n", "x"), "different");
  EXPECT_EQ(sum(sum_a + "  x\n" + sum_a + "  ./x\n", "x"), sum_a);
}

TEST(Sums, NameTheNewestThatFits) {
  const auto text = sum_a + " *u-24.04.1-server-amd64.iso\n" + sum_a +
                    " *u-24.04.2-server-amd64.iso\n" + sum_a + " *u-24.04.3-desktop-amd64.iso\n";
  EXPECT_EQ(name_like(text, "u-*-server-amd64.iso"), "u-24.04.2-server-amd64.iso");
  EXPECT_EQ(name_like(text, "v-*"), "");
  const auto many = sum_a + " x-24.04.9-a\n" + sum_a + " x-24.04.10-a\n" + sum_a +
                    " x-24.04.02-a\n" + sum_a + " x-24.04-a\n";
  EXPECT_EQ(name_like(many, "x-*-a"), "x-24.04.10-a");
}

TEST(Apt, IsAskedForItsMirror) {
  const std::set<std::string> suites{"bookworm", "trixie"};
  EXPECT_EQ(
      apt_mirror(
          "# deb http://no.example.org/ bookworm main\n"
          "deb-src http://src.example.org/debian bookworm main\n"
          "deb [arch=amd64 signed-by=/x] http://mirror.example.org/debian bookworm main # x\n",
          false, suites),
      "http://mirror.example.org/debian/");
  EXPECT_EQ(apt_mirror("deb http://security.example.org/ bookworm-security main\n", false, suites),
            "");
  EXPECT_EQ(apt_mirror("deb file:/mirror bookworm main\n", false, suites), "");
  EXPECT_EQ(
      apt_mirror(
          "Types: deb\nURIs: https://other.example.org/x\nSuites: nodistro\n\n"
          "# a remark\nTypes: deb deb-src\nURIs:\n file:/x\n https://mirror.example.org/debian/\n"
          "Suites: bookworm bookworm-updates\nComponents: main\n",
          true, suites),
      "https://mirror.example.org/debian/");
  EXPECT_EQ(
      apt_mirror("Enabled: no\nTypes: deb\nURIs: http://a/\nSuites: bookworm\n", true, suites), "");
  EXPECT_EQ(apt_mirror("Types: deb-src\nURIs: http://a/\nSuites: bookworm\n", true, suites), "");
}

TEST(Sources, AreAllComplete) {
  const auto sources = parse_sources(embedded_sources());
  ASSERT_TRUE(sources) << sources.error().text;
  EXPECT_GE(sources->size(), 7U);
  for (const auto& source : *sources) {
    const auto version = source.versions.empty() ? "9" : source.versions.begin()->first;
    for (const auto& [arch, theirs] : source.arches) {
      const auto chosen = choose_source(*sources, source.name + "/" + version, arch);
      ASSERT_TRUE(chosen) << chosen.error().text;
      for (const auto& text :
           {chosen->title, chosen->folder, chosen->kernel, chosen->initrd, chosen->iso})
        EXPECT_THAT(text, Not(HasSubstr("{{"))) << source.name;
      EXPECT_FALSE(chosen->title.empty() || chosen->kernel.empty() || chosen->initrd.empty());
      EXPECT_TRUE(chosen->folder.ends_with('/'));
      EXPECT_FALSE(chosen->witnesses.empty());
      for (const auto& witness : chosen->witnesses) {
        EXPECT_TRUE(witness.names.ends_with('/')) << witness.file;
        EXPECT_EQ(witness.signature.empty(), witness.keyring.empty()) << witness.file;
      }
      EXPECT_TRUE(chosen->folder.starts_with(chosen->witnesses.back().names));
    }
  }
}

TEST(Sources, AreChosenByNameAndVersion) {
  const auto sources = parse_sources(embedded_sources()).value();
  const auto debian = choose_source(sources, "debian/12", "x86_64").value();
  EXPECT_EQ(debian.name, "debian-12");
  EXPECT_EQ(debian.kernel, "netboot/debian-installer/amd64/linux");
  EXPECT_EQ(choose_source(sources, "debian/bookworm", "arm64").value().name, "debian-12-arm64");
  EXPECT_THAT(choose_source(sources, "debain/12", "x86_64").error().text, HasSubstr("'debian'"));
  EXPECT_THAT(choose_source(sources, "debian/3", "x86_64").error().text, HasSubstr("12"));
  EXPECT_THAT(choose_source(sources, "debian/12", "mips").error().text, HasSubstr("arm64, x86_64"));
  for (const auto* version : {"rocky/", "rocky", "rocky/../x", "rocky/9/x", "rocky/9 x", "rocky/."})
    EXPECT_FALSE(choose_source(sources, version, "x86_64")) << version;
}

}  // namespace
}  // namespace pixie::sources
