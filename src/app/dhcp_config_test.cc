#include "app/dhcp_config.h"

#include <cctype>
#include <sstream>

#include <gtest/gtest.h>

#include "app/dhcp_snippets.h"

namespace pixie::app {
namespace {

const auto server = wire::IpAddress::v4(198, 51, 100, 7);

std::string error_of(const auto& expected) { return expected ? "" : expected.error().text; }

Settings settings_with(const Values& given) {
  const auto merged = merge({}, {}, given);
  EXPECT_TRUE(merged) << error_of(merged);
  auto settings = interpret(*merged);
  EXPECT_TRUE(settings) << error_of(settings);
  return std::move(*settings);
}

TEST(DhcpSnippet, HasTheAddressAndNoPlaceholderLeft) {
  for (const auto& [name, text] : dhcp_snippets()) {
    const auto filled = dhcp_snippet(name, server, 80);
    ASSERT_TRUE(filled) << error_of(filled);
    EXPECT_TRUE(filled->contains("198.51.100.7")) << name;
    EXPECT_TRUE(filled->contains("http://198.51.100.7/chain.ipxe")) << name;
    EXPECT_FALSE(filled->contains("@ADDRESS@")) << name;
    EXPECT_FALSE(filled->contains("@URL@")) << name;
    EXPECT_TRUE(filled->ends_with('\n')) << name;
    // A placeholder misspelt in the text: capitals right after an @.
    for (auto at = filled->find('@'); at != std::string::npos; at = filled->find('@', at + 1))
      EXPECT_FALSE(std::isupper(static_cast<unsigned char>((*filled)[at + 1]))) << name;
  }
}

TEST(DhcpSnippet, GivesEveryKindOfMachineItsFile) {
  for (const auto& [name, text] : dhcp_snippets()) {
    for (const auto* file : {"undionly.kpxe", "snponly32.efi", "snponly.efi", "snponly-arm64.efi"})
      EXPECT_TRUE(text.contains(file)) << name << ": " << file;
    if (name == "opnsense") continue;  // what its pages can't say
    EXPECT_TRUE(text.contains("snponly-arm32.efi")) << name;
    EXPECT_TRUE(text.contains("HTTPClient")) << name;
    EXPECT_TRUE(text.contains("@URL@/snponly.efi")) << name;
    EXPECT_TRUE(text.contains("@URL@/snponly-arm64.efi")) << name;
  }
}

TEST(DhcpSnippet, HasTheHttpPortUnlessItIs80) {
  for (const auto& [name, text] : dhcp_snippets()) {
    const auto filled = dhcp_snippet(name, server, 8080);
    ASSERT_TRUE(filled) << error_of(filled);
    EXPECT_TRUE(filled->contains("http://198.51.100.7:8080/chain.ipxe")) << name;
    EXPECT_FALSE(filled->contains("http://198.51.100.7/")) << name;
  }
}

TEST(DhcpSnippet, NamesTheNearestServer) {
  EXPECT_EQ(error_of(dhcp_snippet("dnsmaq", server, 80)),
            "dhcp-config: expected one of dnsmasq, isc, kea, mikrotik, opnsense, windows, not "
            "'dnsmaq'; did you mean 'dnsmasq'?");
  EXPECT_TRUE(error_of(dhcp_snippet("", server, 80)).ends_with("windows, not ''"));
}

TEST(ChooseAddress, TakesTheFirstThatIsSaid) {
  const auto likely = wire::IpAddress::v4(10, 0, 0, 1);
  const std::vector<OwnAddress> own{{"eth0", likely}};
  const auto choose = [&](const Values& given, std::string_view option) {
    const auto chosen = choose_address(settings_with(given), option, likely, own);
    return chosen ? chosen->address.text() : error_of(chosen);
  };
  EXPECT_EQ(choose({}, ""), "10.0.0.1");
  EXPECT_EQ(choose({{"tftp", {"10.0.0.2:69", "f"}}}, ""), "10.0.0.2");
  EXPECT_EQ(choose({{"tftp", {"10.0.0.3:6969,10.0.0.2:69", "f"}}}, ""), "10.0.0.2");
  EXPECT_EQ(choose({{"advertise", {"10.0.0.4", "f"}}, {"tftp", {"10.0.0.2", "f"}}}, ""),
            "10.0.0.4");
  EXPECT_EQ(choose({{"advertise", {"10.0.0.4", "f"}}}, "10.0.0.5"), "10.0.0.5");
}

TEST(ChooseAddress, TellsWhichOfSeveralItTook) {
  const auto likely = wire::IpAddress::v4(10, 0, 0, 1);
  const std::vector<OwnAddress> own{{"eth0", likely}, {"eth1", wire::IpAddress::v4(10, 1, 0, 1)}};
  EXPECT_EQ(choose_address(settings_with({}), "", likely, own)->note,
            "this machine has several addresses (eth0 10.0.0.1, eth1 10.1.0.1); 10.0.0.1 was "
            "taken, --address takes another");
  EXPECT_EQ(choose_address(settings_with({}), "10.1.0.1", likely, own)->note, "");
  EXPECT_EQ(choose_address(settings_with({}), "", likely, {own.front()})->note, "");
}

TEST(ChooseAddress, SaysWhatItCannotUse) {
  const auto wrong = [](const Values& given, std::string_view option) {
    return error_of(choose_address(settings_with(given), option, std::nullopt, {}));
  };
  EXPECT_TRUE(wrong({}, "").contains("no IPv4 address"));
  EXPECT_TRUE(wrong({{"advertise", {"2001:db8::1", "f"}}}, "").contains("2001:db8::1"));
  EXPECT_TRUE(wrong({{"http", {"127.0.0.1:80", "f"}}}, "").contains("127.0.0.1"));
  for (const auto* option : {"host", "2001:db8::1", "0.0.0.0", "10.0.0.1:80"})
    EXPECT_TRUE(wrong({}, option).starts_with("--address: expected an IPv4 address")) << option;
}

TEST(PrintDhcpConfig, RefusesPortsThatNoFirmwareAsks) {
  std::ostringstream out;
  std::ostringstream notes;
  const auto print = [&](const Values& given) {
    return error_of(print_dhcp_config(settings_with(given), "isc", "10.0.0.1", out, notes));
  };
  EXPECT_TRUE(print({{"tftp", {"0.0.0.0:6969", "f"}}}).contains("port 69 only"));
  EXPECT_TRUE(print({{"http", {"0.0.0.0:0", "f"}}}).contains("port 0"));
  EXPECT_EQ(out.str(), "");
  EXPECT_EQ(print({{"http", {"0.0.0.0:8080", "f"}}}), "");
  EXPECT_TRUE(out.str().contains("http://10.0.0.1:8080/chain.ipxe"));
  EXPECT_EQ(notes.str(), "");
}

}  // namespace
}  // namespace pixie::app
