#include "doctor/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dhcp/option.h"
#include "dhcp/testing.h"
#include "doctor/testing.h"

namespace pixie::doctor {
namespace {

namespace option = dhcp::option;

dhcp::Packet captured(const std::string& name) {
  return *dhcp::parse(dhcp::captured_messages().at(name));
}

TEST(Client, WritesWhatFirmwareWrites) {
  for (const auto& [kind, name] :
       {std::pair("x64-uefi", "uefi64_discover"), std::pair("ia32-uefi", "uefi32_discover"),
        std::pair("arm64-uefi", "arm64_discover"), std::pair("x64-http", "uefi64_http_discover"),
        std::pair("x86-bios", "bios_discover")}) {
    const auto real = captured(name);
    const auto ours = firmware_discover(*find_client_kind(kind), machine_mac, 1);
    for (const auto code : {option::vendor_class, option::client_architecture,
                            option::client_interface, option::max_message_size}) {
      EXPECT_EQ(ours.options.text(code), real.options.text(code)) << kind << ' ' << int{code};
    }
    EXPECT_EQ(dhcp::describe(ours).firmware, dhcp::describe(real).firmware) << kind;
    const auto wanted = real.options.text(option::parameter_list).value_or("");
    for (const char asked : wanted) {
      // EDK2's HTTP client asks for 235, which nobody defines.
      if (asked == '\xeb') continue;
      EXPECT_TRUE(ours.options.text(option::parameter_list)->contains(asked)) << kind;
    }
  }
}

TEST(Client, IsIpxeInTheSecondStage) {
  for (const auto* kind : {"x64-uefi", "x64-http", "x86-bios"}) {
    const auto facts = dhcp::describe(ipxe_discover(*find_client_kind(kind), machine_mac, 1));
    EXPECT_TRUE(facts.is_ipxe);
    EXPECT_EQ(facts.ipxe_version, "2.0.0");
    EXPECT_FALSE(facts.wants_url);
  }
  const auto http = dhcp::describe(ipxe_discover(*find_client_kind("x64-http"), machine_mac, 1));
  EXPECT_THAT(http.architectures, testing::ElementsAre(7));
}

TEST(Client, KindsAreKnownByName) {
  const auto unknown = find_client_kind("vax");
  ASSERT_FALSE(unknown);
  EXPECT_THAT(unknown.error().text, testing::HasSubstr("x64-uefi, x86-bios"));
}

}  // namespace
}  // namespace pixie::doctor
