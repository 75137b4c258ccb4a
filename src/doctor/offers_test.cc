#include "doctor/offers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "doctor/testing.h"

namespace pixie::doctor {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

std::vector<Offer> offers_of(std::initializer_list<Answer> answers) {
  std::vector<Offer> offers;
  for (const auto& answer : answers) offers.push_back(offer_of(answer));
  return offers;
}

Answer with(Answer answer, void (*change)(Answer&)) {
  change(answer);
  return answer;
}

struct Row {
  const char* what;
  std::vector<Offer> offers;
  Way uefi;
  Way bios;
  std::vector<std::string> uefi_ids;
  std::vector<std::string> bios_ids;
};

// The forms that were measured with SeaBIOS and OVMF.
TEST(Offers, AreChosenAsFirmwareDoes) {
  const auto no_60 = [](Answer& answer) { answer.option_60.clear(); };
  const auto no_54 = [](Answer& answer) { answer.has_identifier = false; };
  const auto use = [](Answer& answer) { answer.option_43 = use_file; };
  const auto no_server = [](Answer& answer) {
    answer.siaddr = wire::IpAddress::v4(0, 0, 0, 0);
    answer.option_43 = use_file;
  };
  const auto class_60 = [](Answer& answer) { answer.option_60 = "PXEClient"; };
  const std::vector<Row> rows{
      {"plain file", offers_of({address_and("rom")}), Way::tftp, Way::tftp, {}, {}},
      {"proxy",
       offers_of({address_only(), proxy_with("rom")}),
       Way::boot_server,
       Way::tftp,
       {},
       {}},
      {"proxy, 43.6=8",
       offers_of({address_only(), with(proxy_with("rom"), use)}),
       Way::tftp,
       Way::tftp,
       {},
       {}},
      {"proxy without a file",
       offers_of({address_only(), proxy_with("")}),
       Way::boot_server,
       Way::boot_server,
       {},
       {}},
      {"proxy without 60",
       offers_of({address_only(), with(proxy_with("rom"), no_60)}),
       Way::none,
       Way::none,
       {"offer-ignored"},
       {"offer-ignored"}},
      {"proxy without 54",
       offers_of({address_only(), with(proxy_with("rom"), no_54)}),
       Way::none,
       Way::tftp,
       {"offer-ignored"},
       {}},
      {"proxy with siaddr 0",
       offers_of({address_only(), with(proxy_with("rom"), no_server)}),
       Way::tftp,
       Way::tftp,
       {"next-server-missing"},
       {"next-server-missing"}},
      {"60 alone",
       offers_of({with(address_and("rom"), class_60)}),
       Way::boot_server,
       Way::tftp,
       {},
       {}},
      {"an address only",
       offers_of({address_only()}),
       Way::none,
       Way::none,
       {"no-boot-information"},
       {"no-boot-information"}},
      {"a proxy only",
       offers_of({proxy_with("rom")}),
       Way::boot_server,
       Way::tftp,
       {"no-address"},
       {"no-address"}},
      {"nothing", {}, Way::none, Way::none, {}, {}},
  };
  for (const auto& row : rows) {
    for (const bool uefi : {true, false}) {
      const auto choice = choose(row.offers, client_facts(uefi ? "x64-uefi" : "x86-bios"));
      EXPECT_EQ(choice.way, uefi ? row.uefi : row.bios) << row.what << (uefi ? " UEFI" : " BIOS");
      EXPECT_EQ(ids(choice.findings), uefi ? row.uefi_ids : row.bios_ids) << row.what;
    }
  }
}

TEST(Offers, AProxyIsPreferredToAPlainFile) {
  const auto offers = offers_of({address_and("other"), proxy_with("rom")});
  const auto choice = choose(offers, client_facts("x86-bios"));
  EXPECT_EQ(choice.file, "rom");
  EXPECT_EQ(choice.server, pixie_address);
  EXPECT_EQ(choice.address, &offers[0]);
}

TEST(Offers, RivalsAreNoted) {
  auto other = proxy_with("other");
  other.from = wire::IpAddress::v4(10, 0, 0, 9);
  auto second = address_only();
  second.from = wire::IpAddress::v4(10, 0, 0, 8);
  const auto offers = offers_of({address_only(), second, proxy_with("rom"), other});
  const auto choice = choose(offers, client_facts("x86-bios"));
  EXPECT_THAT(ids(choice.findings), ElementsAre("two-proxies", "two-dhcp-servers"));
  EXPECT_THAT(choice.findings[0].cause, testing::HasSubstr("10.0.0.1, 10.0.0.9"));
  EXPECT_FALSE(any_stops_boot(choice.findings));
  // So are a DHCP server and a proxy.
  const auto mixed = offers_of({address_and("rom"), other});
  EXPECT_THAT(ids(choose(mixed, client_facts("x86-bios")).findings), ElementsAre("two-proxies"));
  // But what the firmware ignores is none.
  EXPECT_THAT(ids(choose(mixed, client_facts("x64-http")).findings),
              testing::Not(Contains("two-proxies")));
  // The same server twice is no rival.
  const auto twice = offers_of({address_and("rom"), address_and("rom")});
  EXPECT_THAT(choose(twice, client_facts("x86-bios")).findings, IsEmpty());
}

TEST(Offers, HttpBootWantsItsClassAndAUrl) {
  auto answer = address_and("http://10.0.0.1/snponly.efi");
  const auto client = client_facts("x64-http");
  EXPECT_THAT(ids(choose(offers_of({answer}), client).findings), Contains("offer-ignored"));
  answer.option_60 = "HTTPClient";
  const auto offers = offers_of({answer});
  EXPECT_EQ(choose(offers, client).way, Way::url);
  answer.file = "snponly.efi";
  EXPECT_THAT(ids(choose(offers_of({answer}), client).findings), Contains("offer-ignored"));
}

TEST(Offers, SilenceOnPort4011IsBlamedOnWhoCausedIt) {
  const auto client = client_facts("x64-uefi");
  auto misled = address_and("rom");
  misled.option_60 = "PXEClient";
  const auto alone = offers_of({misled});
  EXPECT_EQ(silent_boot_server(choose(alone, client)).id, "option-60-alone");
  const auto proxy = offers_of({address_only(), proxy_with("rom")});
  EXPECT_EQ(silent_boot_server(choose(proxy, client)).id, "boot-server-silent");
}

TEST(Offers, TheBootServersAnswerIsFollowed) {
  const auto offers = offers_of({address_only(), proxy_with("")});
  const auto asked = choose(offers, client_facts("x64-uefi"));
  const auto answer = offer_of(proxy_with("rom"));
  const auto choice = follow(asked, answer);
  EXPECT_EQ(choice.way, Way::tftp);
  EXPECT_EQ(choice.file, "rom");
  const auto empty = offer_of(proxy_with(""));
  EXPECT_THAT(ids(follow(asked, empty).findings), ElementsAre("no-boot-information"));
}

}  // namespace
}  // namespace pixie::doctor
