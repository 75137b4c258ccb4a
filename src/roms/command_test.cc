#include "roms/command.h"

#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "roms/provenance.h"
#include "roms/testing.h"
#include "wire/cursor.h"

namespace pixie::roms {
namespace {

using ::testing::AllOf;
using testing::content_of;
using testing::gzipped;
using ::testing::HasSubstr;
using testing::make_bios;
using testing::make_pe;
using ::testing::Not;
using testing::TarWriter;
using testing::TemporaryFolder;

constexpr std::string_view kDate = "2026-11-23";

/// A bundle in the layout of iPXE's util/gensrvimg.
TarWriter bundle() {
  TarWriter tar;
  struct Machine {
    std::string_view folder;
    std::uint16_t number;
  };
  for (const auto& [folder, number] :
       {Machine{"x86_64", 0x8664}, Machine{"i386", 0x014c}, Machine{"arm64", 0xaa64},
        Machine{"arm32", 0x01c2}, Machine{"riscv64", 0x5064}}) {
    for (const auto* rom : {"ipxe", "ipxe-legacy", "snponly"}) {
      tar.file(fmt::format("ipxeboot/{}/{}.efi", folder, rom),
               make_pe({.machine = number, .version = "2.0.0"}));
    }
  }
  for (const auto& [folder, number, shim] : {std::tuple("x86_64-sb", 0x8664, "shimx64.efi"),
                                             std::tuple("arm64-sb", 0xaa64, "shimaa64.efi")}) {
    const auto machine = static_cast<std::uint16_t>(number);
    tar.file(fmt::format("ipxeboot/{}/{}", folder, shim),
             make_pe({.machine = machine, .is_signed = true}));
    for (const auto* rom : {"ipxe", "snponly"}) {
      tar.file(fmt::format("ipxeboot/{}/{}.efi", folder, rom),
               make_pe({.machine = machine, .is_signed = true, .version = "2.0.0"}));
      tar.link(fmt::format("ipxeboot/{}/{}-shim.efi", folder, rom), shim);
    }
  }
  tar.file("ipxeboot/x86_64/undionly.kpxe", make_bios(0x64));
  tar.file("ipxeboot/i386/undionly.kpxe", make_bios(0x32));
  tar.link("ipxeboot/snponly.efi", "x86_64/snponly.efi").link("ipxeboot/sb", "x86_64-sb");
  return tar;
}

struct Outcome {
  std::string out;
  std::string error;
};

Outcome run_import(const std::filesystem::path& source, const std::filesystem::path& folder) {
  std::ostringstream out;
  const auto done = import_from(source, folder, kDate, out);
  return {out.str(), done ? "" : done.error().text};
}

Outcome run_verify(const std::filesystem::path& folder) {
  std::ostringstream out;
  const auto catalogue = Catalogue::with_overlay(folder);
  const auto done = verify(*catalogue, out);
  return {out.str(), done ? "" : done.error().text};
}

std::size_t entries_in(const std::filesystem::path& folder) {
  return static_cast<std::size_t>(
      std::distance(std::filesystem::recursive_directory_iterator(folder), {}));
}

TEST(Import, PutsABundlesRomsUnderTheirNames) {
  const TemporaryFolder work;
  const auto file = work.write("ipxeboot.tar.gz", gzipped(bundle().finished()));
  const auto roms = work.path() / "roms";
  const auto outcome = run_import(file, roms);
  ASSERT_EQ(outcome.error, "");
  for (const auto* name :
       {"snponly64.efi", "snponly32.efi", "snponly-arm64.efi", "snponly-arm32.efi", "ipxe64.efi",
        "ipxe32.efi", "ipxe-arm64.efi", "ipxe-riscv64.efi", "ipxe-legacy64.efi",
        "ipxe-legacy-arm32.efi", "undionly.kpxe", "x86_64-sb/snponly.efi",
        "x86_64-sb/snponly-shim.efi", "x86_64-sb/ipxe-shim.efi", "x86_64-sb/shimx64.efi",
        "arm64-sb/snponly.efi", "arm64-sb/ipxe-shim.efi", "arm64-sb/shimaa64.efi",
        "pixie-roms.sha256"}) {
    EXPECT_TRUE(std::filesystem::is_regular_file(roms / name)) << name;
  }
  EXPECT_EQ(content_of(roms / "undionly.kpxe"), make_bios(0x32));
  EXPECT_EQ(content_of(roms / "arm64-sb/snponly-shim.efi"),
            content_of(roms / "arm64-sb/shimaa64.efi"));
  EXPECT_THAT(outcome.out,
              AllOf(HasSubstr("arm64 UEFI, signed"), HasSubstr("2.0.0"), HasSubstr("SKIPPED")));

  const auto catalogue = Catalogue::with_overlay(roms);
  ASSERT_TRUE(catalogue);
  for (const auto& rom : known_roms()) {
    if (rom.contract) EXPECT_NE(catalogue->find(rom.name)->overlay_file, "") << rom.name;
  }
  EXPECT_EQ(run_verify(roms).error, "");
}

TEST(Import, TakesAFolderWithTheNamesOfDebian) {
  const TemporaryFolder work;
  work.write("in/ipxe-amd64.efi", make_pe({}));
  work.write("in/snponly.efi", make_pe({}));
  work.write("in/ipxe-arm64.efi", make_pe({.machine = 0xaa64}));
  work.write("in/SNPONLY-ARM.EFI", make_pe({.machine = 0xaa64}));
  work.write("in/vendor.efi", make_pe({.machine = 0x014c}));
  work.write("in/undionly.kpxe", make_bios(0x32));
  work.write("in/ipxe.iso", "not a ROM");
  const auto roms = work.path() / "roms";
  const auto outcome = run_import(work.path() / "in", roms);
  ASSERT_EQ(outcome.error, "");
  for (const auto* name : {"ipxe64.efi", "snponly64.efi", "ipxe-arm64.efi", "snponly-arm64.efi",
                           "vendor.efi", "undionly.kpxe"}) {
    EXPECT_TRUE(std::filesystem::exists(roms / name)) << name;
  }
  EXPECT_THAT(outcome.out, HasSubstr("neither an EFI application nor an iPXE BIOS ROM"));
}

TEST(Import, SkipsWhatItsNameOrFolderDenies) {
  const TemporaryFolder work;
  work.write("in/arm64/ipxe.efi", make_pe({}));
  work.write("in/snponly-arm64.efi", make_pe({}));
  work.write("in/x86_64-sb/ipxe.efi", make_pe({}));
  work.write("in/shimx64.efi", make_pe({}));
  work.write("in/snponly64.efi", make_pe({}));
  const auto outcome = run_import(work.path() / "in", work.path() / "roms");
  ASSERT_EQ(outcome.error, "");
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("its folder says arm64, its header x86_64"),
                                 HasSubstr("its name says arm64, its header x86_64"),
                                 HasSubstr("it has no signature, so Secure Boot would refuse it")));
  EXPECT_EQ(entries_in(work.path() / "roms"), 2u);
}

TEST(Import, WritesNothingForAHostileBundle) {
  const TemporaryFolder work;
  const auto roms = work.path() / "roms";
  const auto good = bundle();
  auto with = [&](auto change) {
    auto tar = good;
    change(tar);
    return tar.finished();
  };
  const std::string archives[]{
      with([](TarWriter& tar) { tar.file("../../evil.efi", make_pe({})); }),
      with([](TarWriter& tar) { tar.file("/evil.efi", make_pe({})); }),
      with([](TarWriter& tar) { tar.link("ipxeboot/evil.efi", "/etc/shadow"); }),
      with([](TarWriter& tar) { tar.header("ipxeboot/huge.efi", '0', 07777777777); }),
      good.unfinished(),
      std::string(300 << 10, 'x'),
      "",
  };
  for (const auto& archive : archives) {
    for (const auto& content : {archive, gzipped(archive), gzipped(archive).substr(0, 3000)}) {
      const auto outcome = run_import(work.write("bad.tar.gz", content), roms);
      EXPECT_THAT(outcome.error, HasSubstr("bad.tar.gz"));
      EXPECT_THAT(outcome.error, Not(HasSubstr("\n")));
      EXPECT_EQ(outcome.out, "");
      EXPECT_FALSE(std::filesystem::exists(roms));
      if (archive.empty()) break;
    }
  }
}

TEST(Import, SaysWhenThereIsNothingToImport) {
  const TemporaryFolder work;
  EXPECT_THAT(
      run_import(work.write("in/readme.txt", "x").parent_path(), work.path() / "roms").error,
      HasSubstr("holds no ROM that pixie knows"));
  EXPECT_THAT(run_import(work.path() / "gone.tar.gz", work.path() / "roms").error,
              HasSubstr("no file"));
}

TEST(Import, KeepsTheRecordOfEarlierImports) {
  const TemporaryFolder work;
  const auto roms = work.path() / "roms";
  work.write("one/snponly.efi", make_pe({}));
  work.write("two/ipxe.efi", make_pe({}));
  ASSERT_EQ(run_import(work.path() / "one", roms).error, "");
  ASSERT_EQ(run_import(work.path() / "two", roms).error, "");
  const auto provenance = read_provenance(roms);
  ASSERT_TRUE(provenance) << provenance.error().text;
  EXPECT_EQ(provenance->size(), 2u);
  EXPECT_THAT(provenance->at("snponly64.efi").origin,
              AllOf(HasSubstr("/one"), HasSubstr("2026-11-23")));
  EXPECT_THAT(provenance->at("ipxe64.efi").origin, HasSubstr("/two"));
}

TEST(Verify, FindsWhatChangedOrVanishedOrIsForAnotherMachine) {
  const TemporaryFolder work;
  work.write("in/snponly.efi", make_pe({}));
  work.write("in/ipxe.efi", make_pe({}));
  const auto roms = work.path() / "roms";
  ASSERT_EQ(run_import(work.path() / "in", roms).error, "");
  EXPECT_EQ(run_verify(roms).error, "");

  work.write("roms/snponly64.efi", make_pe({.version = "evil"}));
  std::filesystem::remove(roms / "ipxe64.efi");
  work.write("roms/ipxe32.efi", make_pe({.machine = 0xaa64}));
  const auto outcome = run_verify(roms);
  EXPECT_THAT(outcome.error,
              AllOf(HasSubstr("3 of "), HasSubstr("snponly64.efi"), HasSubstr("ipxe64.efi")));
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("changed since it was imported"),
                                 HasSubstr("was imported, but is gone"),
                                 HasSubstr("is for arm64 UEFI, its name says i386 UEFI")));
}

TEST(Verify, ReportsADamagedRecord) {
  const TemporaryFolder work;
  work.write("pixie-roms.sha256", "# from x\nabc  snponly64.efi\n");
  EXPECT_THAT(run_verify(work.path()).error, HasSubstr("pixie-roms.sha256:2: expected a SHA-256"));
}

TEST(Export, WritesEveryEmbeddedRomWhichVerifiesAndImportsAgain) {
  const TemporaryFolder work;
  const auto folder = work.path() / "out";
  const Catalogue catalogue;
  std::ostringstream out;
  ASSERT_TRUE(export_to(catalogue, folder, false, out));
  for (const auto& rom : known_roms()) {
    if (rom.embedded())
      EXPECT_EQ(content_of(folder / rom.name), wire::as_text(rom.bytes)) << rom.name;
  }
  EXPECT_EQ(run_verify(folder).error, "");
  const auto imported = run_import(folder, work.path() / "roms");
  EXPECT_EQ(imported.error, "");
  EXPECT_EQ(entries_in(folder) + 1, entries_in(work.path() / "roms"));

  std::ostringstream again;
  ASSERT_TRUE(export_to(catalogue, folder, false, again));
  EXPECT_THAT(again.str(), AllOf(HasSubstr("unchanged"), Not(HasSubstr("written"))));
}

TEST(Export, ReplacesADifferentFileOnlyByForce) {
  const TemporaryFolder work;
  const Catalogue catalogue;
  work.write("snponly64.efi", "mine");
  std::ostringstream out;
  const auto refused = export_to(catalogue, work.path(), false, out);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text, HasSubstr("snponly64.efi is there with another content"));
  EXPECT_EQ(entries_in(work.path()), 1u);
  EXPECT_EQ(content_of(work.path() / "snponly64.efi"), "mine");
  ASSERT_TRUE(export_to(catalogue, work.path(), true, out));
  EXPECT_NE(content_of(work.path() / "snponly64.efi"), "mine");
}

TEST(List, ShowsEveryRomWhereItIsFromAndWhatIsMissing) {
  const TemporaryFolder work;
  work.write("in/snponly32.efi", make_pe({.machine = 0x014c, .version = "2.0.0"}));
  const auto roms = work.path() / "roms";
  ASSERT_EQ(run_import(work.path() / "in", roms).error, "");
  const auto catalogue = Catalogue::with_overlay(roms);
  std::ostringstream out;
  ASSERT_TRUE(list(*catalogue, true, out));
  for (const auto& rom : known_roms()) {
    if (rom.embedded())
      EXPECT_THAT(out.str(),
                  AllOf(HasSubstr(rom.name), HasSubstr(rom.sha256), HasSubstr(rom.source)));
    if (catalogue->missing(rom.name) && rom.contract)
      EXPECT_THAT(out.str(), HasSubstr("Missing: "));
  }
  EXPECT_THAT(out.str(), AllOf(HasSubstr("i386 UEFI"), HasSubstr("imported 2026-11-23"),
                               HasSubstr("Licence: GPL-2.0")));
}

}  // namespace
}  // namespace pixie::roms
