#include "script/fit.h"

#include <gtest/gtest.h>

namespace pixie::script {
namespace {

TEST(Fit, IsToldToPeople) {
  EXPECT_EQ(fit_text({}), "");
  EXPECT_EQ(fit_text({.firmware = {"bios"}}), "a BIOS");
  EXPECT_EQ(fit_text({.arch = {"arm64", "riscv64"}}), "arm64 or riscv64");
  EXPECT_EQ(fit_text({.firmware = {"uefi"}, .arch = {"x86_64"}}), "UEFI on x86_64");
  EXPECT_EQ(fit_text({.firmware = {"bios", "uefi"}, .arch = {"x86_64"}}),
            "a BIOS or UEFI on x86_64");
}

TEST(Fit, IsFoundOutByIpxe) {
  EXPECT_EQ(fit_commands({.firmware = {"uefi"}}, "f"),
            "clear f ||\n"
            "iseq ${platform} efi && set f yes ||\n");
  EXPECT_EQ(fit_commands({.arch = {"x86_64", "arm64"}}, "f"),
            "clear f ||\n"
            "iseq ${platform} pcbios && cpuid --ext 29 && set f yes ||\n"
            "iseq ${platform}-${buildarch} efi-x86_64 && set f yes ||\n"
            "iseq ${platform}-${buildarch} efi-arm64 && set f yes ||\n");
}

TEST(Fit, OfABiosMachineWith64BitsTakes32BitsToo) {
  EXPECT_EQ(fit_commands({.firmware = {"bios"}, .arch = {"i386"}}, "f"),
            "clear f ||\n"
            "iseq ${platform} pcbios && set f yes ||\n");
}

TEST(Fit, NoBiosMachineIsAnArm) {
  EXPECT_EQ(fit_commands({.firmware = {"bios"}, .arch = {"arm64"}}, "f"), "clear f ||\n");
}

}  // namespace
}  // namespace pixie::script
