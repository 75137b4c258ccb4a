#include "doctor/image.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "doctor/testing.h"

namespace pixie::doctor {
namespace {

std::string misfit_of(std::string_view content, std::string_view kind) {
  return misfit(wire::as_bytes(content), client_facts(kind)).value_or("");
}

TEST(Image, FitsItsMachine) {
  EXPECT_EQ(misfit_of(x64_rom, "x64-uefi"), "");
  EXPECT_EQ(misfit_of(x64_rom, "x64-http"), "");
  EXPECT_EQ(misfit_of(arm64_rom, "arm64-uefi"), "");
  EXPECT_EQ(misfit_of(bios_rom, "x86-bios"), "");
  EXPECT_EQ(misfit_of(pe_image(0x014c), "ia32-uefi"), "");
}

TEST(Image, OfAnotherMachineIsNamed) {
  EXPECT_THAT(misfit_of(x64_rom, "x86-bios"), testing::HasSubstr("x64 UEFI"));
  EXPECT_THAT(misfit_of(x64_rom, "arm64-uefi"), testing::HasSubstr("x64 UEFI"));
  EXPECT_THAT(misfit_of(pe_image(0x1234), "x64-uefi"), testing::HasSubstr("0x1234"));
  EXPECT_THAT(misfit_of(bios_rom, "x64-uefi"), testing::HasSubstr("no UEFI program"));
  EXPECT_THAT(misfit_of("#!ipxe\n", "x86-bios"), testing::HasSubstr("script"));
  EXPECT_THAT(misfit_of("", "x86-bios"), testing::HasSubstr("empty"));
}

TEST(Image, WhoseHeaderIsBeyondTheBytesIsNotJudged) {
  EXPECT_EQ(misfit_of(x64_rom.substr(0, 0x80), "arm64-uefi"), "");
  EXPECT_EQ(misfit_of("MZ", "x64-uefi"), "");
}

RC_GTEST_PROP(Image, AnyBytesAreJudged, (const std::string& bytes)) {
  misfit_of(bytes, "x64-uefi");
  misfit_of("MZ" + bytes, "x86-bios");
}

}  // namespace
}  // namespace pixie::doctor
