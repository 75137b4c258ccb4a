#include "roms/catalogue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "roms/sha256.h"
#include "roms/testing.h"

namespace pixie::roms {
namespace {

using ::testing::HasSubstr;
using testing::TemporaryFolder;

constexpr std::byte kBytes[4]{};
constexpr std::string_view kX64Aliases[]{"snponly.efi", "x86_64/snponly.efi"};
constexpr std::string_view kArmAliases[]{"snponly-arm.efi", "arm64/snponly.efi"};

/// What a build from the Debian package looks like, in small.
constexpr Rom kKnown[]{
    {.name = "snponly64.efi",
     .aliases = kX64Aliases,
     .architecture = Architecture::kX86_64,
     .firmware = Firmware::kUefi,
     .contract = true,
     .stand_in = {},
     .bytes = kBytes,
     .sha256 = {},
     .version = "2.0.0",
     .origin = {},
     .licence = {},
     .source = {}},
    {.name = "snponly32.efi",
     .aliases = {},
     .architecture = Architecture::kI386,
     .firmware = Firmware::kUefi,
     .contract = true,
     .stand_in = "ipxe32.efi",
     .bytes = {},
     .sha256 = {},
     .version = {},
     .origin = {},
     .licence = {},
     .source = {}},
    {.name = "snponly-arm64.efi",
     .aliases = kArmAliases,
     .architecture = Architecture::kArm64,
     .firmware = Firmware::kUefi,
     .contract = true,
     .stand_in = "ipxe-arm64.efi",
     .bytes = {},
     .sha256 = {},
     .version = {},
     .origin = {},
     .licence = {},
     .source = {}},
    {.name = "ipxe-arm64.efi",
     .aliases = {},
     .architecture = Architecture::kArm64,
     .firmware = Firmware::kUefi,
     .contract = false,
     .stand_in = {},
     .bytes = kBytes,
     .sha256 = {},
     .version = {},
     .origin = {},
     .licence = {},
     .source = {}},
};

TEST(Catalogue, FindsEmbeddedRomsByNameAndAliasInAnyCase) {
  const Catalogue catalogue(kKnown);
  for (const auto* name : {"snponly64.efi", "snponly.efi", "SNPONLY.EFI", "x86_64/snponly.efi"}) {
    const auto* entry = catalogue.find(name);
    ASSERT_TRUE(entry) << name;
    EXPECT_EQ(entry->rom, &kKnown[0]) << name;
    EXPECT_EQ(entry->overlay_file, "");
    EXPECT_EQ(entry->stands_in_for, "");
  }
  EXPECT_FALSE(catalogue.find("snponly"));
  EXPECT_FALSE(catalogue.find(""));
  EXPECT_FALSE(catalogue.find("snponly64.efi "));
}

TEST(Catalogue, LetsAStandInAnswerAndSaysSo) {
  const Catalogue catalogue(kKnown);
  for (const auto* name : {"snponly-arm64.efi", "snponly-arm.efi"}) {
    const auto* entry = catalogue.find(name);
    ASSERT_TRUE(entry) << name;
    EXPECT_EQ(entry->rom->name, "ipxe-arm64.efi");
    EXPECT_EQ(entry->stands_in_for, "snponly-arm64.efi");
    EXPECT_FALSE(catalogue.missing(name));
  }
  EXPECT_EQ(catalogue.find("ipxe-arm64.efi")->stands_in_for, "");
}

TEST(Catalogue, TellsTheRemedyForAMissingRom) {
  const Catalogue catalogue(kKnown);
  EXPECT_FALSE(catalogue.find("snponly32.efi"));
  EXPECT_EQ(catalogue.missing("SNPONLY32.efi"),
            "This pixie has no snponly32.efi. Add it with iPXE's release bundle: pixie roms import "
            "ipxeboot.tar.gz "
            "--roms DIR, and start pixie with --roms DIR.");
  EXPECT_FALSE(catalogue.missing("snponly64.efi"));
  EXPECT_FALSE(catalogue.missing("vmlinuz"));
}

TEST(Catalogue, KnowsTheContractsNames) {
  const Catalogue catalogue(kKnown);
  EXPECT_TRUE(catalogue.is_contract_name("snponly-ARM.efi"));
  EXPECT_TRUE(catalogue.is_contract_name("snponly32.efi"));
  EXPECT_FALSE(catalogue.is_contract_name("ipxe-arm64.efi"));
  EXPECT_FALSE(catalogue.is_contract_name("vmlinuz"));
}

TEST(Catalogue, PrefersTheOverlayByNameThenByAlias) {
  const TemporaryFolder folder;
  folder.write("SnpOnly.efi", "mine");
  auto catalogue = Catalogue::with_overlay(folder.path(), kKnown);
  ASSERT_TRUE(catalogue) << catalogue.error().text;
  EXPECT_EQ(catalogue->find("snponly.efi")->overlay_file, "SnpOnly.efi");
  EXPECT_EQ(catalogue->find("snponly64.efi")->overlay_file, "SnpOnly.efi");
  EXPECT_EQ(catalogue->find("snponly64.efi")->rom, &kKnown[0]);

  folder.write("snponly64.efi", "mine too");
  catalogue = Catalogue::with_overlay(folder.path(), kKnown);
  ASSERT_TRUE(catalogue);
  EXPECT_EQ(catalogue->find("snponly.efi")->overlay_file, "SnpOnly.efi");
  EXPECT_EQ(catalogue->find("snponly64.efi")->overlay_file, "snponly64.efi");
}

TEST(Catalogue, TakesMissingRomsAndStandInsFromTheOverlay) {
  const TemporaryFolder folder;
  folder.write("ipxe-arm64.efi", "newer");
  folder.write("snponly32.efi", "added");
  const auto catalogue = Catalogue::with_overlay(folder.path(), kKnown);
  ASSERT_TRUE(catalogue);
  EXPECT_EQ(catalogue->find("snponly32.efi")->overlay_file, "snponly32.efi");
  EXPECT_FALSE(catalogue->missing("snponly32.efi"));
  EXPECT_EQ(catalogue->find("snponly-arm.efi")->overlay_file, "ipxe-arm64.efi");
  EXPECT_EQ(catalogue->find("snponly-arm.efi")->stands_in_for, "snponly-arm64.efi");
}

TEST(Catalogue, ServesAnUnpackedBundleAndSignedRomsByTheirPaths) {
  const TemporaryFolder folder;
  folder.write("arm64/snponly.efi", "arm");
  folder.write("x86_64-sb/snponly.efi", "signed");
  folder.write("x86_64-sb/deeper/ipxe.efi", "too deep");
  const auto catalogue = Catalogue::with_overlay(folder.path(), kKnown);
  ASSERT_TRUE(catalogue);
  EXPECT_EQ(catalogue->find("snponly-arm64.efi")->overlay_file, "arm64/snponly.efi");
  EXPECT_EQ(catalogue->find("snponly-arm64.efi")->stands_in_for, "");
  EXPECT_EQ(catalogue->find("x86_64-SB/snponly.efi")->overlay_file, "x86_64-sb/snponly.efi");
  EXPECT_FALSE(catalogue->find("x86_64-SB/snponly.efi")->rom);
  EXPECT_EQ(catalogue->find("snponly.efi")->overlay_file, "");
  EXPECT_EQ(catalogue->overlay_files().size(), 2u);
}

TEST(Catalogue, LeavesOutHiddenFilesTheRecordAndLinksThatLeaveTheFolder) {
  const TemporaryFolder elsewhere;
  const auto secret = elsewhere.write("secret.efi", "x");
  const TemporaryFolder folder;
  folder.write(".snponly64.efi.1.new", "half");
  folder.write("pixie-roms.sha256", "");
  folder.write("real.efi", "x");
  std::filesystem::create_symlink(secret, folder.path() / "snponly64.efi");
  std::filesystem::create_symlink("real.efi", folder.path() / "vendor.efi");
  const auto catalogue = Catalogue::with_overlay(folder.path(), kKnown);
  ASSERT_TRUE(catalogue);
  EXPECT_THAT(catalogue->overlay_files(), ::testing::ElementsAre("real.efi", "vendor.efi"));
}

TEST(Catalogue, SaysWhyAnOverlayCannotBeRead) {
  const TemporaryFolder folder;
  const auto gone = Catalogue::with_overlay(folder.path() / "gone", kKnown);
  ASSERT_FALSE(gone);
  EXPECT_THAT(gone.error().text, HasSubstr("gone can't be read: No such file or directory"));
  const auto file = Catalogue::with_overlay(folder.write("file", ""), kKnown);
  ASSERT_FALSE(file);
  EXPECT_THAT(file.error().text, HasSubstr("is no folder"));
}

// The manifest and this build's own ROMs.

TEST(KnownRoms, HoldTheContractsSevenNamesWithTheirAliases) {
  const Catalogue catalogue;
  for (const auto* name :
       {"undionly.kpxe", "snponly64.efi", "snponly.efi", "snponly32.efi", "ipxe64.efi", "ipxe.efi",
        "ipxe32.efi", "snponly-arm64.efi", "snponly-arm.efi", "snponly-arm32.efi"}) {
    EXPECT_TRUE(catalogue.is_contract_name(name)) << name;
    EXPECT_NE(catalogue.find(name) != nullptr, catalogue.missing(name).has_value()) << name;
  }
  for (const auto* name : {"undionly.kpxe", "snponly.efi", "ipxe.efi", "snponly-arm64.efi"}) {
    EXPECT_TRUE(catalogue.find(name)) << name;
  }
}

TEST(KnownRoms, CarryTheBytesThatTheirHashSays) {
  for (const auto& rom : known_roms()) {
    if (!rom.embedded()) continue;
    EXPECT_EQ(sha256(rom.bytes), rom.sha256) << rom.name;
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(rom.bytes.data()) % 64, 0u) << rom.name;
    EXPECT_NE(rom.origin, "") << rom.name;
    EXPECT_NE(rom.source, "") << rom.name;
  }
  EXPECT_NE(embedded_ipxe_version(), "");
}

TEST(KnownRoms, AreFoundForEveryClientArchitectureThatIpxeServes) {
  const Catalogue catalogue;
  for (const unsigned type :
       {0u, 6u, 7u, 9u, 10u, 11u, 15u, 16u, 18u, 19u, 20u, 27u, 28u, 39u, 40u}) {
    const auto name = rom_for_client(type);
    ASSERT_TRUE(name) << type;
    EXPECT_TRUE(catalogue.find(*name) || catalogue.missing(*name)) << *name;
  }
  EXPECT_EQ(rom_for_client(7), "snponly64.efi");
  EXPECT_EQ(rom_for_client(9), "snponly64.efi");
  EXPECT_FALSE(rom_for_client(2));
  EXPECT_FALSE(rom_for_client(65535));
  EXPECT_EQ(rom_for_machine("x86_64", "uefi"), rom_for_client(7));
  EXPECT_EQ(rom_for_machine("x86_64", "http"), rom_for_client(16));
  EXPECT_EQ(rom_for_machine("i386", "bios"), rom_for_client(0));
  EXPECT_FALSE(rom_for_machine("sparc", "uefi"));
}

}  // namespace
}  // namespace pixie::roms
