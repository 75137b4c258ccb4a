#include "dhcp/boot6.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dhcp/goldens6_test.h"
#include "dhcp/ia6.h"
#include "dhcp/option6.h"

namespace pixie::dhcp {
namespace {

using namespace test6;

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

const Leases6::Time start{1'800'000'000s};
const auto client_source = ip("fe80::5054:ff:fe77:1");
constexpr auto tftp_url = "tftp://[fd77::1]/snponly.efi";
constexpr auto http_url = "http://[fd77::1]/snponly.efi";

Server6 server() {
  Server6 result;
  result.duid = from_hex("00030001020000000001");
  result.address = ip("fd77::1");
  return result;
}

Leases6 table() {
  return Leases6({.range = Range6::parse("fd77::100-fd77::1ff").value(), .excluded = {}});
}

/// The packet with other options in place of those with `code`.
Packet6 replacing(const Packet6& packet, std::uint16_t code, std::optional<wire::Bytes> value) {
  auto result = packet;
  result.options = {};
  if (value) result.options.add(code, *value);
  for (const auto& option : packet.options.all()) {
    if (option.code != code) result.options.add(option.code, option.value);
  }
  return result;
}

/// A real client's message, sent to server() instead of the server of the capture.
Packet6 message(const std::string& name) {
  auto packet = golden6(name);
  if (!packet.options.contains(option6::server_identifier)) return packet;
  return replacing(packet, option6::server_identifier, server().duid);
}

Packet6 with_ia(const Packet6& packet, const Ia& ia) {
  auto result = replacing(packet, option6::ia_na, std::nullopt);
  add_ia(result.options, ia);
  return result;
}

Ia ia_for(std::initializer_list<const char*> addresses, Ia::Kind kind = Ia::addresses_na) {
  Ia ia{.kind = kind, .iaid = 1, .t1 = 0, .t2 = 0, .addresses = {}, .status = {}};
  for (const auto text : addresses) ia.addresses.push_back({ip(text), 60, 60});
  return ia;
}

Answer6 ask(const Packet6& packet, const std::string& url, Leases6* leases,
            Leases6::Time now = start) {
  return answer(packet, describe(packet, client_source), server(), {url}, leases, now);
}

/// The reply, which must be one that a client takes.
Packet6 reply(const Packet6& packet, const std::string& url, Leases6* leases,
              Leases6::Time now = start) {
  const auto answered = ask(packet, url, leases, now);
  if (!answered) throw std::runtime_error("silence: " + std::string(text(answered.error())));
  const auto& options = answered->packet.options;
  EXPECT_EQ(answered->packet.transaction_id, packet.transaction_id);
  EXPECT_THAT(options.find(option6::server_identifier).value(),
              testing::ElementsAreArray(server().duid));
  EXPECT_THAT(options.find(option6::client_identifier).value(),
              testing::ElementsAreArray(*packet.options.find(option6::client_identifier)));
  EXPECT_FALSE(options.contains(option6::bootfile_parameters));
  std::vector<std::byte> buffer(max_message_size6);
  EXPECT_TRUE(write6(buffer, answered->packet));
  return answered->packet;
}

std::string boot_file(const Packet6& packet) {
  const auto value = packet.options.find(option6::bootfile_url);
  return value ? std::string(wire::as_text(*value)) : "";
}

/// As EDK2 reads it: enterprise 343 and one text.
std::string vendor_class(const Packet6& packet) {
  const auto value = packet.options.find(option6::vendor_class);
  if (!value) return "";
  wire::Reader in(*value);
  if (in.u32() != 343 || in.u16() != in.remaining()) return "broken";
  return std::string(wire::as_text(in.rest()));
}

Ia only_ia(const Packet6& packet) {
  const auto ias = parse_ias(packet.options).value();
  if (ias.size() != 1) throw std::runtime_error("expected one IA");
  return ias.front();
}

std::uint16_t ia_status(const Packet6& packet) {
  return only_ia(packet).status.value_or(Status6{}).code;
}

TEST(Boot6Server, TakesRealFirmwareFromSolicitToRelease) {
  struct Case {
    const char* client;
    const char* url;
    const char* vendor_class;
  };
  for (const auto& [client, url, expected_class] :
       {Case{"edk2.pxe", tftp_url, ""}, Case{"edk2.http", http_url, "HTTPClient"},
        Case{"ipxe", "http://[fd77::1]/chain.ipxe", ""}}) {
    auto leases = table();
    const auto solicit = message(std::string(client) + ".solicit");
    const auto advertise = reply(solicit, url, &leases);
    EXPECT_EQ(advertise.type, MessageType6::advertise) << client;
    EXPECT_EQ(boot_file(advertise), url) << client;
    EXPECT_EQ(vendor_class(advertise), expected_class) << client;
    const auto offered = only_ia(advertise);
    ASSERT_EQ(offered.addresses.size(), 1U) << client;
    EXPECT_EQ(offered.iaid, only_ia(solicit).iaid) << client;
    EXPECT_EQ(leases.size(), 0U) << client;

    const auto request = with_ia(message(std::string(client) + ".request"), offered);
    const auto answered = ask(request, url, &leases);
    ASSERT_TRUE(answered) << client;
    EXPECT_THAT(answered->journal,
                testing::StartsWith("lease " + offered.addresses[0].address.text()))
        << client;
    EXPECT_EQ(answered->packet.type, MessageType6::reply) << client;
    EXPECT_EQ(boot_file(answered->packet), url) << client;
    EXPECT_EQ(only_ia(answered->packet), offered) << client;
    EXPECT_EQ(offered.t1, 1800U) << client;
    EXPECT_EQ(offered.t2, 2880U) << client;
    EXPECT_EQ(leases.size(), 1U) << client;

    auto release = request;
    release.type = MessageType6::release;
    const auto released = reply(release, url, &leases);
    EXPECT_EQ(status(released.options)->code, status6::success) << client;
    EXPECT_EQ(boot_file(released), "") << client;
    EXPECT_EQ(leases.size(), 0U) << client;
  }
}

TEST(Boot6Server, GivesAddressesToThoseWhoDoNotBoot) {
  auto leases = table();
  const auto advertise = reply(message("edk2.address.solicit"), tftp_url, &leases);
  EXPECT_EQ(boot_file(advertise), "");
  EXPECT_EQ(only_ia(advertise).addresses.size(), 1U);
  const auto nothing = reply(message("edk2.pxe.solicit"), "", &leases);
  EXPECT_EQ(boot_file(nothing), "");
  EXPECT_EQ(only_ia(nothing).addresses.size(), 1U);
}

TEST(Boot6Server, TellsDnsServersToThoseWhoAsk) {
  auto leases = table();
  auto with_dns = server();
  with_dns.dns_servers = {ip("fd77::2"), ip("fd77::3")};
  const auto solicit = message("edk2.address.solicit");
  const auto answered =
      answer(solicit, describe(solicit, client_source), with_dns, {}, &leases, start);
  ASSERT_TRUE(answered);
  EXPECT_EQ(answered->packet.options.find(option6::dns_servers)->size(), 32U);
  const auto silent = replacing(solicit, option6::option_request, std::nullopt);
  const auto unasked =
      answer(silent, describe(silent, client_source), with_dns, {}, &leases, start);
  EXPECT_FALSE(unasked->packet.options.contains(option6::dns_servers));
}

TEST(Boot6Server, CommitsRapidlyWhereBothWantIt) {
  auto leases = table();
  auto solicit = message("edk2.address.solicit");
  auto rapid = server();
  rapid.rapid_commit = true;
  const auto asked = [&](const Server6& of) {
    return answer(solicit, describe(solicit, client_source), of, {}, &leases, start)->packet;
  };
  EXPECT_EQ(asked(rapid).type, MessageType6::advertise);
  solicit.options.add(option6::rapid_commit, {});
  EXPECT_EQ(asked(server()).type, MessageType6::advertise);
  EXPECT_EQ(leases.size(), 0U);
  const auto committed = asked(rapid);
  EXPECT_EQ(committed.type, MessageType6::reply);
  EXPECT_TRUE(committed.options.contains(option6::rapid_commit));
  EXPECT_EQ(leases.size(), 1U);
}

TEST(Boot6Server, AnswersEveryMessageAboutAddresses) {
  struct Case {
    MessageType6 type;
    const char* address;
    bool has_lease;
    std::uint16_t status;
    const char* kept;
    std::uint32_t valid;
  };
  using Type = MessageType6;
  const Case cases[] = {
      {Type::solicit, "fd77::120", false, 0, "fd77::120", 3600},
      {Type::request, "fd77::120", false, 0, "fd77::120", 3600},
      {Type::request, "fd77::120", true, 0, "fd77::120", 3600},
      {Type::request, "fd88::120", false, status6::not_on_link, "", 0},
      {Type::renew, "fd77::120", true, 0, "fd77::120", 3600},
      {Type::renew, "fd77::120", false, status6::no_binding, "", 0},
      {Type::rebind, "fd77::120", true, 0, "fd77::120", 3600},
      {Type::rebind, "fd77::120", false, 0, "fd77::120", 3600},
      {Type::rebind, "fd88::120", false, 0, "fd88::120", 0},
      {Type::release, "fd77::120", false, status6::no_binding, "", 0},
      {Type::decline, "fd77::120", false, status6::no_binding, "", 0},
  };
  for (const auto& [type, address, has_lease, expected_status, kept, valid] : cases) {
    auto leases = table();
    auto packet = with_ia(message("edk2.address.request"), ia_for({address}));
    if (has_lease) reply(packet, "", &leases);
    packet.type = type;
    if (type == Type::solicit || type == Type::rebind) {
      packet = replacing(packet, option6::server_identifier, std::nullopt);
    }
    const auto where = testing::Message() << static_cast<int>(type) << " " << address;
    const auto answered = reply(packet, "", &leases, start + 60s);
    EXPECT_EQ(ia_status(answered), expected_status) << where;
    const auto addresses = only_ia(answered).addresses;
    ASSERT_EQ(addresses.size(), *kept ? 1U : 0U) << where;
    if (!*kept) continue;
    EXPECT_EQ(addresses[0].address, ip(kept)) << where;
    EXPECT_EQ(addresses[0].valid, valid) << where;
  }
}

TEST(Boot6Server, EndsAddressesThatAreNotTheClients) {
  auto leases = table();
  auto packet = with_ia(message("edk2.address.request"), ia_for({"fd77::120"}));
  reply(packet, "", &leases);
  packet = with_ia(packet, ia_for({"fd77::130", "fd77::120"}));
  packet.type = MessageType6::renew;
  EXPECT_THAT(
      only_ia(reply(packet, "", &leases)).addresses,
      ElementsAre(IaAddress{ip("fd77::120"), 3600, 3600}, IaAddress{ip("fd77::130"), 0, 0}));
}

TEST(Boot6Server, PutsDeclinedAddressesAside) {
  auto leases = table();
  auto packet = with_ia(message("edk2.address.request"), ia_for({"fd77::120"}));
  reply(packet, "", &leases);
  packet.type = MessageType6::decline;
  const auto declined = ask(packet, "", &leases);
  ASSERT_TRUE(declined);
  EXPECT_EQ(declined->journal, "decline fd77::120 1800000600\n");
  EXPECT_THAT(parse_ias(declined->packet.options).value(), IsEmpty());
  packet.type = MessageType6::request;
  EXPECT_NE(only_ia(reply(packet, "", &leases)).addresses.at(0).address, ip("fd77::120"));
}

TEST(Boot6Server, RefusesTemporaryAddressesAndPrefixes) {
  auto leases = table();
  const auto solicit = message("edk2.address.solicit");
  EXPECT_EQ(ia_status(reply(with_ia(solicit, ia_for({}, Ia::addresses_ta)), "", &leases)),
            status6::no_addresses_available);
  EXPECT_EQ(ia_status(reply(with_ia(solicit, ia_for({}, Ia::prefixes)), "", &leases)),
            status6::no_prefix_available);
}

TEST(Boot6Server, SaysWhenNoAddressIsFree) {
  Leases6 leases({.range = Range6::parse("fd77::1-fd77::1").value(), .excluded = {ip("fd77::1")}});
  const auto solicit = message("edk2.pxe.solicit");
  EXPECT_EQ(ia_status(reply(solicit, tftp_url, &leases)), status6::no_addresses_available);
}

TEST(Boot6Server, Confirms) {
  auto leases = table();
  auto confirm = replacing(with_ia(message("edk2.address.request"), ia_for({"fd77::9"})),
                           option6::server_identifier, std::nullopt);
  confirm.type = MessageType6::confirm;
  EXPECT_EQ(status(reply(confirm, "", &leases).options)->code, status6::success);
  confirm = with_ia(confirm, ia_for({"fd77::9", "fd88::9"}));
  EXPECT_EQ(status(reply(confirm, "", &leases).options)->code, status6::not_on_link);
  confirm = with_ia(confirm, ia_for({}));
  EXPECT_EQ(ask(confirm, "", &leases).error(), Silence6::nothing_to_confirm);
}

/// What PxeBcRequestBootService makes of the request to the other server: to port 4011.
Packet6 boot_service_request(const Packet6& advertise) {
  auto request = replacing(message("edk2.pxe.request"), option6::ia_na, std::nullopt);
  request.transaction_id = advertise.transaction_id;
  return request;
}

TEST(Boot6Proxy, IsTakenByUefiPxeOnPort4011) {
  const auto solicit = message("edk2.pxe.solicit");
  const auto advertise = reply(solicit, tftp_url, nullptr);
  EXPECT_EQ(advertise.type, MessageType6::advertise);
  EXPECT_EQ(boot_file(advertise), tftp_url);
  EXPECT_EQ(vendor_class(advertise), "PXEClient");
  // EDK2 would take these for an address, for an error, or for the end of its search.
  EXPECT_FALSE(advertise.options.contains(option6::ia_na));
  EXPECT_FALSE(advertise.options.contains(option6::status_code));
  EXPECT_FALSE(advertise.options.contains(option6::preference));

  const auto answered = reply(boot_service_request(advertise), tftp_url, nullptr);
  EXPECT_EQ(answered.type, MessageType6::reply);
  EXPECT_EQ(boot_file(answered), tftp_url);
}

TEST(Boot6Proxy, SendsUefiPxeToItsOwnPort4011ForAnotherServersFile) {
  const std::string elsewhere = "tftp://[fd88::5]/other.efi";
  const auto advertise = reply(message("edk2.pxe.solicit"), elsewhere, nullptr);
  EXPECT_EQ(boot_file(advertise), "tftp://[fd77::1]/");
  EXPECT_EQ(boot_file(reply(boot_service_request(advertise), elsewhere, nullptr)), elsewhere);
}

TEST(Boot6Proxy, IsTakenByUefiHttpBootAtOnce) {
  const auto advertise = reply(message("edk2.http.solicit"), http_url, nullptr);
  EXPECT_EQ(advertise.type, MessageType6::advertise);
  EXPECT_EQ(boot_file(advertise), http_url);
  EXPECT_EQ(vendor_class(advertise), "HTTPClient");
  EXPECT_FALSE(advertise.options.contains(option6::ia_na));
}

TEST(Boot6Proxy, AnswersInformationRequests) {
  const std::tuple<const char*, const char*, const char*> cases[] = {
      {"edk2.pxe.solicit", tftp_url, "PXEClient"},
      {"edk2.http.solicit", http_url, "HTTPClient"},
      {"ipxe.solicit", "http://[fd77::1]/chain.ipxe", ""},
  };
  for (const auto& [name, url, expected_class] : cases) {
    auto packet = replacing(message(name), option6::ia_na, std::nullopt);
    packet.type = MessageType6::information_request;
    const auto answered = reply(packet, url, nullptr);
    EXPECT_EQ(answered.type, MessageType6::reply) << name;
    EXPECT_EQ(boot_file(answered), url) << name;
    EXPECT_EQ(vendor_class(answered), expected_class) << name;
  }
}

TEST(Boot6Proxy, RefusesAddressesToWhoAsksItForThem) {
  const auto answered = reply(message("edk2.pxe.request"), tftp_url, nullptr);
  EXPECT_EQ(ia_status(answered), status6::no_addresses_available);
}

TEST(Boot6, SaysWhyItIsSilent) {
  auto leases = table();
  const auto solicit = message("edk2.pxe.solicit");
  const auto request = message("edk2.pxe.request");
  const auto typed = [](Packet6 packet, MessageType6 type) {
    packet.type = type;
    return packet;
  };
  const auto information = typed(solicit, MessageType6::information_request);
  const std::vector<std::byte> other_duid = from_hex("00030001020000000099");
  struct Case {
    Packet6 packet;
    std::string url;
    Leases6* leases;
    Silence6 reason;
  };
  Ia many = ia_for({});
  many.addresses.resize(16);
  const Case cases[] = {
      {golden6("dnsmasq.pxe.advertise"), tftp_url, nullptr, Silence6::not_of_a_client},
      {typed(solicit, static_cast<MessageType6>(200)), tftp_url, nullptr,
       Silence6::not_of_a_client},
      {information, tftp_url, nullptr, Silence6::broken},
      {replacing(solicit, 3, from_hex("00")), tftp_url, &leases, Silence6::broken},
      {with_ia(solicit, many), tftp_url, &leases, Silence6::broken},
      {replacing(solicit, 1, std::nullopt), tftp_url, &leases, Silence6::no_client_identifier},
      {replacing(solicit, 1, wire::Bytes()), tftp_url, &leases, Silence6::no_client_identifier},
      {replacing(solicit, 1, std::vector<std::byte>(131)), tftp_url, &leases,
       Silence6::no_client_identifier},
      {replacing(solicit, 2, server().duid), tftp_url, &leases,
       Silence6::needless_server_identifier},
      {golden6("edk2.pxe.request"), tftp_url, nullptr, Silence6::other_server},
      {golden6("edk2.pxe.release"), tftp_url, &leases, Silence6::other_server},
      {replacing(request, 2, std::nullopt), tftp_url, &leases, Silence6::other_server},
      {replacing(information, 2, other_duid), tftp_url, &leases, Silence6::other_server},
      {message("edk2.address.solicit"), tftp_url, nullptr, Silence6::not_a_boot_client},
      {solicit, "", nullptr, Silence6::nothing_to_offer},
      {solicit, http_url, nullptr, Silence6::url_not_taken},
      {message("edk2.http.solicit"), tftp_url, nullptr, Silence6::url_not_taken},
      {message("ipxe.solicit"), tftp_url, nullptr, Silence6::addresses_from_elsewhere},
      {typed(request, MessageType6::renew), tftp_url, nullptr, Silence6::addresses_from_elsewhere},
  };
  for (const auto& [packet, url, table, reason] : cases) {
    const auto answered = ask(packet, url, table);
    ASSERT_FALSE(answered) << text(reason);
    EXPECT_EQ(answered.error(), reason) << text(answered.error()) << " instead of " << text(reason);
    EXPECT_FALSE(text(reason).empty());
  }
  EXPECT_EQ(leases.size(), 0U);
}

TEST(Boot6, AnswersThroughRelays) {
  auto leases = table();
  auto solicit = message("edk2.pxe.solicit");
  Relay6 outer{1, ip("fd66::1"), ip("fd77::1"), {}};
  Relay6 inner{0, ip("fd77::1"), client_source, {}};
  outer.options.add_text(option6::interface_id, "vlan7");
  inner.options.add_text(option6::interface_id, "eth0");
  auto expected = std::vector{outer, inner};
  inner.options.add(option6::client_link_layer, from_hex("0001525400770001"));
  solicit.relays = {outer, inner};
  const auto advertise = reply(solicit, tftp_url, &leases);
  EXPECT_EQ(advertise.relays, expected);
  std::vector<std::byte> buffer(max_message_size6);
  const auto written = write6(buffer, advertise);
  ASSERT_TRUE(written);
  EXPECT_EQ(std::to_integer<int>(written->front()), 13);
  EXPECT_EQ(parse6(*written).value(), advertise);
}

TEST(Boot6, WritesUrls) {
  auto of = server();
  EXPECT_EQ(boot_url6(of, Firmware6::uefi, "snponly.efi"), tftp_url);
  EXPECT_EQ(boot_url6(of, Firmware6::uefi_http, "snponly.efi"), http_url);
  EXPECT_EQ(boot_url6(of, Firmware6::ipxe, "chain.ipxe"), "http://[fd77::1]/chain.ipxe");
  of.http_port = 8080;
  of.tftp_port = 6969;
  EXPECT_EQ(boot_url6(of, Firmware6::uefi_http, "a"), "http://[fd77::1]:8080/a");
  EXPECT_EQ(boot_url6(of, Firmware6::other, "a"), "tftp://[fd77::1]:6969/a");
}

TEST(Boot6, KnowsTheUrlsThatFirmwareTakes) {
  EXPECT_TRUE(takes_url(Firmware6::uefi, tftp_url));
  for (const auto bad : {http_url, "tftp://[fd77::1]:69/a", "tftp://server/a", "tftp://10.0.0.1/a",
                         "TFTP://[fd77::1]/a", "tftp://[fd77::1]", "tftp://[x]/a", "a", ""}) {
    EXPECT_FALSE(takes_url(Firmware6::uefi, bad)) << bad;
  }
  EXPECT_TRUE(takes_url(Firmware6::uefi_http, "https://boot.example/a"));
  EXPECT_FALSE(takes_url(Firmware6::uefi_http, tftp_url));
  EXPECT_TRUE(takes_url(Firmware6::ipxe, "tftp://server/a"));
}

}  // namespace
}  // namespace pixie::dhcp
