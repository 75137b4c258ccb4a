#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "machines/decide.h"
#include "machines/testing.h"

namespace pixie::machines {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::load;
using testing::mistakes;

Identity machine(std::string_view firmware, std::string_view arch) {
  auto identity = testing::machine_52();
  identity.learn(Fact::firmware, firmware, Source::claimed);
  identity.learn(Fact::arch, arch, Source::claimed);
  return identity;
}

const Profile& only(const Fleet& fleet) { return fleet.profiles().begin()->second; }

bool is_unfit(std::string_view keys, std::string_view firmware, std::string_view arch) {
  const auto fleet = load("[profiles.a]\nlocal = true\n" + std::string(keys));
  return unfit(only(*fleet), machine(firmware, arch)).has_value();
}

TEST(Unfit, FollowsWhatIsKnownOfTheMachine) {
  EXPECT_FALSE(is_unfit("", "bios", "i386"));
  EXPECT_TRUE(is_unfit("firmware = \"uefi\"", "bios", "i386"));
  EXPECT_FALSE(is_unfit("firmware = \"uefi\"", "http", "x86_64"));
  EXPECT_FALSE(is_unfit("firmware = \"uefi\"", "", ""));
  EXPECT_TRUE(is_unfit("arch = [\"x86_64\", \"arm64\"]", "uefi", "i386"));
  EXPECT_FALSE(is_unfit("arch = [\"x86_64\", \"arm64\"]", "uefi", "arm64"));
}

TEST(Unfit, ABiosDoesNotTellHowManyBitsTheProcessorHas) {
  EXPECT_FALSE(is_unfit("arch = \"x86_64\"", "bios", "i386"));
  EXPECT_FALSE(is_unfit("arch = \"i386\"", "bios", "x86_64"));
  EXPECT_TRUE(is_unfit("arch = \"arm64\"", "bios", "i386"));
}

TEST(Unfit, IsToldByExplain) {
  const auto fleet = load(R"([profiles.a]
local = true
firmware = "uefi"
arch = "x86_64"
[[rules]]
profile = "a"
)");
  const auto identity = machine("bios", "i386");
  EXPECT_THAT(explain(*fleet, {.identity = identity}).back().text,
              HasSubstr("matches: profile a; but profile a is for UEFI on x86_64, and this machine "
                        "has a BIOS and is i386"));
}

TEST(Unfit, IsARuleThatLeadsNoMachineToWhereItCanGo) {
  const auto fleet = load(R"([profiles.a]
local = true
firmware = "uefi"
arch = "arm64"
[[rules]]
firmware = "bios"
profile = "a"
[[rules]]
arch = "x86*"
profile = "a"
[[rules]]
firmware = ["bios", "http"]
serial = "1"
profile = "a"
)");
  EXPECT_EQ(unfit(*fleet, fleet->rules()[0]),
            "profile a is for UEFI on arm64, which no machine is that this rule matches");
  EXPECT_TRUE(unfit(*fleet, fleet->rules()[1]));
  EXPECT_FALSE(unfit(*fleet, fleet->rules()[2]));
}

TEST(Unfit, IsFoundOutOnTheMachine) {
  const auto fleet = load("[profiles.a]\nchain = \"/x.efi\"\nfirmware = \"uefi\"\n");
  const auto identity = testing::machine_52();
  const Decision decision{.because = Because::menu, .profile = &only(*fleet)};
  const Here here{.server = "http://192.0.2.1", .host = "192.0.2.1", .callback = {}};
  const Variables variables(identity, decision, nullptr, here);
  EXPECT_EQ(*boot_script(only(*fleet), decision, variables, here),
            R"(#!ipxe
# pixie: profile a, because it was chosen in the menu
clear pixie-fits ||
iseq ${platform} efi && set pixie-fits yes ||
isset ${pixie-fits} && goto pixie-fits ||
echo
echo pixie: profile a is for UEFI, and this machine is ${platform} ${buildarch}.
prompt --timeout 15000 Press a key for the menu ||
exit 0
:pixie-fits
imgfree
set pixie-step http://192.0.2.1/x.efi
chain --autofree http://192.0.2.1/x.efi && exit 0 || goto failed

:failed
echo
echo pixie: profile a does not boot: ${pixie-step} failed. The lines above say why.
prompt --timeout 15000 Press a key for the menu ||
exit 0
)");
}

TEST(Unfit, NamesAreOnesThatThereAre) {
  EXPECT_THAT(mistakes("[profiles.a]\nlocal = true\nfirmware = \"efi\"\narch = [\"amd64\"]\n"),
              ElementsAre(HasSubstr("3:12: 'efi' is not one of bios, uefi"),
                          HasSubstr("4:9: 'amd64' is not one of x86_64, i386")));
}

}  // namespace
}  // namespace pixie::machines
