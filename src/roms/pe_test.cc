#include "roms/pe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "roms/testing.h"

namespace pixie::roms {
namespace {

using ::testing::HasSubstr;
using testing::make_bios;
using testing::make_pe;

TEST(Pe, ReadsMachineSubsystemAndSignature) {
  struct Case {
    std::uint16_t machine;
    Architecture architecture;
  };
  for (const auto& [machine, architecture] :
       {Case{0x014c, Architecture::kI386}, Case{0x8664, Architecture::kX86_64},
        Case{0x01c2, Architecture::kArm32}, Case{0xaa64, Architecture::kArm64},
        Case{0x5032, Architecture::kRiscv32}, Case{0x5064, Architecture::kRiscv64},
        Case{0x6264, Architecture::kLoong64}}) {
    for (const bool is_signed : {false, true}) {
      const auto bytes = make_pe({.machine = machine, .subsystem = 11, .is_signed = is_signed});
      const auto pe = read_pe(wire::as_bytes(bytes));
      ASSERT_TRUE(pe) << pe.error().text;
      EXPECT_EQ(pe->architecture, architecture);
      EXPECT_EQ(pe->subsystem, 11);
      EXPECT_EQ(pe->is_signed, is_signed);
    }
  }
}

TEST(Pe, RefusesEveryTruncationOfTheHeaders) {
  const auto whole = make_pe({.is_signed = true});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(read_pe(wire::as_bytes(whole).first(size))) << size;
  }
}

TEST(Pe, RefusesWhatIsNoPeImage) {
  EXPECT_THAT(read_pe({}).error().text, HasSubstr("MZ"));
  auto bytes = make_pe({});
  testing::put_little_endian(bytes, 0x3c, 0xffffffff, 4);
  EXPECT_THAT(read_pe(wire::as_bytes(bytes)).error().text, HasSubstr("no PE header"));
  bytes = make_pe({});
  testing::put_little_endian(bytes, 0x98, 0x107, 2);
  EXPECT_THAT(read_pe(wire::as_bytes(bytes)).error().text, HasSubstr("0x0107"));
  bytes = make_pe({.machine = 0x0200});
  EXPECT_THAT(read_pe(wire::as_bytes(bytes)).error().text, HasSubstr("0x0200"));
}

TEST(Identify, ReadsTheEmbeddedRoms) {
  for (const auto& rom : known_roms()) {
    if (!rom.embedded()) continue;
    const auto image = identify(rom.bytes);
    ASSERT_TRUE(image) << rom.name << ": " << image.error().text;
    EXPECT_EQ(image->firmware, rom.firmware) << rom.name;
    if (rom.firmware == Firmware::kBios) continue;
    EXPECT_EQ(image->architecture, rom.architecture) << rom.name;
    EXPECT_EQ(image->version, rom.version) << rom.name;
  }
}

TEST(Identify, ReadsBothGenerationsOfBiosRoms) {
  EXPECT_EQ(identify(wire::as_bytes(make_bios(0x32)))->architecture, Architecture::kI386);
  EXPECT_EQ(identify(wire::as_bytes(make_bios(0x64)))->architecture, Architecture::kX86_64);
  auto older = make_bios(0x64);
  older[6] = older[7] = 0;
  EXPECT_EQ(identify(wire::as_bytes(older))->architecture, Architecture::kI386);
  EXPECT_FALSE(identify(wire::as_bytes(older).first(100)));
}

TEST(Identify, ReadsTheVersionFromTheSbatLine) {
  const auto bytes = make_pe({.version = "2.0.0 (g12798)"});
  EXPECT_EQ(identify(wire::as_bytes(bytes))->version, "2.0.0 (g12798)");
  const auto without = make_pe({});
  EXPECT_EQ(identify(wire::as_bytes(without))->version, "");
}

TEST(Identify, RefusesDriversAndText) {
  const auto driver = make_pe({.subsystem = 11});
  EXPECT_THAT(identify(wire::as_bytes(driver)).error().text, HasSubstr("subsystem is 11"));
  EXPECT_THAT(identify(wire::as_bytes("#!ipxe\n")).error().text, HasSubstr("neither"));
}

}  // namespace
}  // namespace pixie::roms
